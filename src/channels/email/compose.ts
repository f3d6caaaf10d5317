// From a message of the desk to MIME options of nodemailer. Headers are built by the library, never by joining.
import type { SendMailOptions } from 'nodemailer'
import type { Outgoing } from '../channel.js'

// RFC 3834 §5, and what Exchange and older responders look at.
const AUTOMATIC = {
  'Auto-Submitted': 'auto-replied',
  'X-Auto-Response-Suppress': 'All',
  Precedence: 'auto_reply',
}

// What answers nothing: RFC 3834 §5.1 has a word of its own for it.
const GENERATED = { ...AUTOMATIC, 'Auto-Submitted': 'auto-generated', Precedence: 'bulk' }

const REFERENCES_BYTES = 900
const LAST_REFERENCES = 10

/** The same input gives the same bytes: a second copy after a lost answer can be told from a second mail. */
export function compose(message: Outgoing): SendMailOptions {
  const references = boundedReferences(message.references)
  const inReplyTo = references.at(-1)
  return {
    from: mailbox(message.from),
    to: message.to.map(mailbox),
    cc: message.cc.map(mailbox),
    ...(message.replyTo && { replyTo: message.replyTo }),
    subject: message.subject,
    text: message.text,
    ...(message.html && { html: message.html }),
    messageId: `<${message.messageId}>`,
    ...(inReplyTo && { inReplyTo: `<${inReplyTo}>`, references: references.map((id) => `<${id}>`) }),
    date: message.date,
    headers: {
      'X-Frontdesk-Loop': message.inbox.address,
      ...(message.automatic && (message.generated ? GENERATED : AUTOMATIC)),
    },
    attachments: message.attachments.map(({ filename, contentType, contentId, content }) => ({
      filename,
      contentType,
      content: content(),
      ...(contentId && { cid: contentId, contentDisposition: 'inline' as const }),
    })),
    // Sealed against everything that a text of ours could name: files and addresses are never fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...{ baseBoundary: message.id },
  }
}

const mailbox = ({ name, address }: { name: string; address: string }) => ({ name: oneLine(name), address })

const oneLine = (text: string) => text.replace(/\p{Cc}+/gu, ' ').trim()

/** The root and the last ten, as many as fit into one header line of moderate length (RFC 5322 §3.6.4). */
export function boundedReferences(ids: readonly string[]): string[] {
  const [root, ...rest] = ids.filter((id) => /^[^\s<>]{1,250}$/.test(id))
  if (root === undefined) return []
  const last = rest.slice(-LAST_REFERENCES)
  const length = () => [root, ...last].reduce((sum, id) => sum + id.length + 3, 0)
  while (last.length > 1 && length() > REFERENCES_BYTES) last.shift()
  return [root, ...last]
}
