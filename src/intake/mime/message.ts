// What one raw mail is turned into: plain data that survives structured cloning between the parse worker and
// the intake. Everything after `normalise` works on this shape and never on MIME again.

/**
 * `address` holds one `@`; only in `from` may it be '' (a bare name, `MAILER-DAEMON`): then nobody can be
 * answered.
 */
export interface Address {
  name: string
  address: string
}

export interface InboundAttachment {
  filename: string
  contentType: string
  size: number
  md5: string
  sha256: string
  contentId: string | null
  inline: boolean
  content: Uint8Array
}

/** A piece of `text` that is folded away when shown: `text.slice(start, end)`. Never deleted. */
export interface Folded {
  start: number
  end: number
  kind: 'quote' | 'signature'
}

export type Automatic = 'auto-reply' | 'bulk' | 'bounce'

export interface BounceRecipient {
  address: string
  /** RFC 3464 §2.3.3: failed, delayed, delivered, relayed, expanded. */
  action: string
  status: string
  diagnostic: string
}

export interface Bounce {
  recipients: BounceRecipient[]
  originalMessageId: string | null
}

export interface InboundMessage {
  from: Address | null
  sender: Address | null
  to: Address[]
  cc: Address[]
  replyTo: Address[]
  subject: string
  text: string
  /** Sanitised; '' when there is none. */
  html: string
  /** The new part of `text`. */
  reply: string
  folded: Folded[]
  attachments: InboundAttachment[]
  /** Ids are without angle brackets; references come oldest first. */
  messageId: string | null
  inReplyTo: string[]
  references: string[]
  /** Only when the header says so and is sane; never "now". */
  date: Date | null
  automatic: Automatic | null
  /** The header or rule that said so. */
  automaticBy: string | null
  bounce: Bounce | null
  /** '' is the null sender `<>`; null is "no such header". */
  returnPath: string | null
  /** Delivered-To, X-Original-To, Envelope-To. */
  deliveredTo: string[]
  threadIndex: string | null
  authenticationResults: string[]
  /** Values of X-Frontdesk-Loop; a foreign X-Loop only makes the mail automatic. */
  loop: string[]
  /** A small fixed set of further headers, see `fields.ts`. */
  headers: Record<string, string>
  /** Stable kebab-case codes, some with a detail after `: `. */
  warnings: string[]
}
