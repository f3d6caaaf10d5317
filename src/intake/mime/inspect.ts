// The JSON that people see of a parsed mail (`mail inspect`): the same shape for a whole mail, a piece of
// HTML and a plain text.
import { sanitizeHtml } from './html.js'
import { htmlToPlainText } from './html-text.js'
import type { InboundAttachment, InboundMessage } from './message.js'
import { splitReply } from './reply.js'
import { cleanText } from './strings.js'

type Shown =
  | 'from'
  | 'to'
  | 'cc'
  | 'replyTo'
  | 'subject'
  | 'text'
  | 'html'
  | 'reply'
  | 'messageId'
  | 'inReplyTo'
  | 'references'
  | 'automatic'
  | 'warnings'

export interface InspectJson extends Pick<InboundMessage, Shown> {
  attachments: Omit<InboundAttachment, 'content' | 'inline'>[]
  date: string | null
}

const EMPTY = {
  from: null,
  to: [],
  cc: [],
  replyTo: [],
  subject: '',
  attachments: [],
  messageId: null,
  inReplyTo: [],
  references: [],
  date: null,
  automatic: null,
}

export function inspectJson(message: InboundMessage): InspectJson {
  const { from, to, cc, replyTo, subject, text, html, reply, messageId, inReplyTo, references } = message
  return {
    ...{ from, to, cc, replyTo, subject, text, html, reply },
    attachments: message.attachments.map(({ content: _bytes, inline: _inline, ...shown }) => shown),
    ...{ messageId, inReplyTo, references },
    date: message.date?.toISOString() ?? null,
    automatic: message.automatic,
    warnings: message.warnings,
  }
}

export function inspectHtml(raw: string): InspectJson {
  const { html, warnings } = sanitizeHtml(cleanText(raw))
  const text = htmlToPlainText(raw)
  return { ...EMPTY, text, html, reply: splitReply(text).reply, warnings }
}

export function inspectText(raw: string): InspectJson {
  const text = cleanText(raw)
  return { ...EMPTY, text, html: '', reply: splitReply(text).reply, warnings: [] }
}
