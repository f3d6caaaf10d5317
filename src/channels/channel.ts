// A channel is a kind of transport: how a message of the desk reaches the people outside. What comes in by a
// channel ends in the same receive(); what goes out is handed to deliver().
import type { Readable } from 'node:stream'
import type { InboxOptions } from '../db/tables/intake.js'
import type { Mailbox } from '../db/tables/tickets.js'

export interface OutgoingAttachment {
  filename: string
  contentType: string
  contentId: string | null
  content(): Readable
}

export interface Outgoing {
  /** Stable: the same for every try, also after a crash. */
  id: string
  from: Mailbox
  to: Mailbox[]
  cc: Mailbox[]
  replyTo: string | null
  subject: string
  text: string
  html: string
  messageId: string
  /** Newest last; the last one is what it answers. */
  references: string[]
  date: Date
  /** Written by a machine (RFC 3834): to be marked, so that no other machine answers it. */
  automatic: boolean
  /** Beside `automatic`: it answers nobody, the desk wrote it of its own accord. */
  generated?: boolean
  attachments: OutgoingAttachment[]
  inbox: { id: string; address: string; options: InboxOptions }
}

export type Outcome =
  | {
      kind: 'sent' /** Recipients that were refused for good, with the reason. */
      refused: { address: string; reason: string }[]
      providerId: string | null
    }
  | { kind: 'later'; reason: string }
  | { kind: 'refused'; reason: string }

export interface Channel {
  readonly name: string
  /** Resolves with what happened; trouble that may pass is `later`, not an exception. */
  deliver(message: Outgoing, signal: AbortSignal): Promise<Outcome>
  /** One line for the start and for health. */
  describe(): string
  close(): Promise<void>
}

export const defineChannel = (channel: Channel): Channel => channel
