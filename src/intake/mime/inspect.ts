// The JSON that people see of a parsed mail (`mail inspect`): the same shape for a whole mail, a piece of
// HTML and a plain text.
import { sanitizeHtml } from './html.js'
import { htmlToPlainText } from './html-text.js'
import type { Address, Automatic, InboundAttachment, InboundMessage } from './message.js'
import { splitReply } from './reply.js'
import { cleanText } from './strings.js'

export interface InspectJson {
  from: Address | null
  to: Address[]
  cc: Address[]
  replyTo: Address[]
  subject: string
  text: string
  html: string
  reply: string
  attachments: Omit<InboundAttachment, 'content' | 'inline'>[]
  messageId: string | null
  inReplyTo: string[]
  references: string[]
  date: string | null
  automatic: Automatic | null
  warnings: string[]
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
