// What came in, and where it came to.
import type { Kit } from '../kit.js'

export interface InboxOptions {
  /** Reply addresses carry a signed token (inbox+t.…@): the mail server must deliver plus addresses. */
  plusAddress?: boolean
  /** A solved ticket older than this many days is not reopened: a linked one is opened. */
  reopenDays?: number
  /** Reply-To replaces From: for web forms and relays that write in the desk's name. */
  relay?: boolean
  /** Host name in Authentication-Results whose word counts (RFC 8601 §2.2). */
  authHost?: string
  /** Name in From of replies. */
  fromName?: string
  undoSeconds?: number
  /** smtp(s)://… for this inbox, sealed. */
  smtp?: string
  requireTls?: boolean
}

export const INTAKE_STATES = [
  'received',
  'opened',
  'appended',
  'duplicate',
  'rejected',
  'quarantined',
  'failed',
] as const
export type IntakeState = (typeof INTAKE_STATES)[number]

export interface TraceStep {
  step: string
  verdict: string
  by?: string
  evidence?: Record<string, unknown>
}

export const intakeTables = (c: Kit) => ({
  inboxes: c.table('inboxes', {
    id: c.text().primaryKey(),
    address: c.text().notNull().unique(),
    name: c.text().notNull(),
    /** Inboxes of one group know each other's messages: threading and duplicates look across them. */
    group: c.text().notNull(),
    options: c.json<InboxOptions>().notNull(),
    createdAt: c.instant().notNull(),
  }),
  intakes: c.table(
    'intakes',
    {
      id: c.text().primaryKey(),
      channel: c.text().notNull(),
      address: c.text().notNull(),
      inboxId: c.text(),
      group: c.text().notNull(),
      /** SHA-256 of the message without its trace headers: its identity. */
      digest: c.text().notNull(),
      /** The same of its header alone: finds the copy that was cut short. Null: the header itself was cut. */
      headDigest: c.text(),
      rawHash: c.text().notNull(),
      size: c.int().notNull(),
      state: c.text().notNull().$type<IntakeState>(),
      reason: c.text(),
      sender: c.text(),
      subject: c.text(),
      ticketId: c.text(),
      messageId: c.text(),
      duplicateOf: c.text(),
      /** How often the same mail was handed over; one of them is kept. */
      copies: c.int().notNull(),
      attempts: c.int().notNull(),
      trace: c.json<TraceStep[]>().notNull(),
      receivedAt: c.instant().notNull(),
      finishedAt: c.instant(),
    },
    (t) => [
      c.unique('intakes_once').on(t.address, t.digest),
      c.index('intakes_by_head').on(t.group, t.headDigest),
      c.index('intakes_by_state').on(t.state, t.id),
      c.index('intakes_by_inbox').on(t.inboxId, t.id),
    ],
  ),
  /** Addresses a hard bounce came back from; nothing is sent there until a person lifts it. */
  suppressions: c.table('suppressions', {
    address: c.text().primaryKey(),
    reason: c.text().notNull(),
    messageId: c.text(),
    createdAt: c.instant().notNull(),
  }),
})
