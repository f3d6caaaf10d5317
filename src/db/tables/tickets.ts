// Tickets and all that hangs on them.
import { sql } from 'drizzle-orm'
import type { Kit } from '../kit.js'

export type Status = 'new' | 'open' | 'pending' | 'solved' | 'closed'
export type Priority = 'low' | 'normal' | 'high' | 'urgent'
export type Direction = 'in' | 'out' | 'note'
/** How far an outgoing message is. Incoming messages and notes have none. */
export type Delivery = 'queued' | 'sent' | 'failed' | 'cancelled'
export type Automatic = 'auto-reply' | 'bulk' | 'bounce'
export interface Mailbox {
  name: string
  address: string
}
export interface Fold {
  start: number
  end: number
  kind: 'quote' | 'signature'
}

export const ticketTables = (c: Kit) => ({
  tickets: c.table(
    'tickets',
    {
      number: c.serial(),
      id: c.text().notNull().unique(),
      version: c.int().notNull(),
      subject: c.text().notNull(),
      status: c.text().notNull().$type<Status>(),
      priority: c.text().notNull().$type<Priority>(),
      channel: c.text().notNull(),
      inboxId: c.text().notNull(),
      requesterId: c.text().notNull(),
      assigneeId: c.text(),
      teamId: c.text(),
      tags: c.json<string[]>().notNull(),
      mergedIntoId: c.text(),
      createdAt: c.instant().notNull(),
      updatedAt: c.instant().notNull(),
      lastMessageAt: c.instant(),
      lastPublicMessageId: c.text(),
      solvedAt: c.instant(),
      closedAt: c.instant(),
    },
    (t) => [
      c.index('tickets_by_status').on(t.status, t.number),
      c.index('tickets_by_inbox').on(t.inboxId, t.number),
      c.index('tickets_by_team').on(t.teamId, t.number),
      c.index('tickets_by_assignee').on(t.assigneeId, t.number),
      c.index('tickets_by_requester').on(t.requesterId, t.number),
      c.index('tickets_by_priority').on(t.priority, t.number),
      c.index('tickets_by_creation').on(t.createdAt, t.number),
      c.index('tickets_by_update').on(t.updatedAt, t.number),
    ],
  ),
  /** The other inboxes the same mail came to; the ticket's own is in `tickets`. */
  ticketInboxes: c.table(
    'ticket_inboxes',
    { ticketId: c.text().notNull(), inboxId: c.text().notNull() },
    (t) => [c.key({ columns: [t.ticketId, t.inboxId] })],
  ),
  ticketTags: c.table('ticket_tags', { tag: c.text().notNull(), number: c.int().notNull() }, (t) => [
    c.key({ columns: [t.tag, t.number] }),
  ]),
  /** Fields of plugins, as JSON text; the number is there so that a list filtered by one is a range of an index. */
  ticketFields: c.table(
    'ticket_fields',
    {
      ticketId: c.text().notNull(),
      field: c.text().notNull(),
      value: c.ordinal().notNull(),
      number: c.int().notNull(),
    },
    (t) => [
      c.key({ columns: [t.ticketId, t.field] }),
      c.index('ticket_fields_by_value').on(t.field, t.value, t.number),
    ],
  ),
  /** Where the ticket stands in the workflows of plugins. */
  ticketStages: c.table(
    'ticket_stages',
    {
      ticketId: c.text().notNull(),
      workflow: c.text().notNull(),
      stage: c.text().notNull(),
      since: c.instant().notNull(),
    },
    (t) => [c.key({ columns: [t.ticketId, t.workflow] })],
  ),
  /** Words of subjects, so that a search is a range of an index on both databases. */
  ticketWords: c.table('ticket_words', { word: c.text().notNull(), number: c.int().notNull() }, (t) => [
    c.key({ columns: [t.word, t.number] }),
  ]),
  ticketLinks: c.table(
    'ticket_links',
    {
      ticketId: c.text().notNull(),
      otherId: c.text().notNull(),
      kind: c.text().notNull().$type<'possible-follow-up' | 'follow-up' | 'merged'>(),
      createdAt: c.instant().notNull(),
    },
    (t) => [
      c.key({ columns: [t.ticketId, t.otherId, t.kind] }),
      c.index('ticket_links_by_other').on(t.otherId),
    ],
  ),
  participants: c.table(
    'participants',
    {
      ticketId: c.text().notNull(),
      contactId: c.text().notNull(),
      role: c.text().notNull().$type<'requester' | 'cc'>(),
    },
    (t) => [
      c.key({ columns: [t.ticketId, t.contactId] }),
      c.index('participants_by_contact').on(t.contactId, t.ticketId),
    ],
  ),
  messages: c.table(
    'messages',
    {
      id: c.text().primaryKey(),
      ticketId: c.text().notNull(),
      direction: c.text().notNull().$type<Direction>(),
      channel: c.text().notNull(),
      contactId: c.text(),
      agentId: c.text(),
      subject: c.text().notNull(),
      text: c.text().notNull(),
      html: c.text().notNull(),
      folded: c.json<Fold[]>().notNull(),
      from: c.json<Mailbox>(),
      to: c.json<Mailbox[]>().notNull(),
      cc: c.json<Mailbox[]>().notNull(),
      messageId: c.text(),
      date: c.instant(),
      automatic: c.text().$type<Automatic>(),
      warnings: c.json<string[]>().notNull(),
      intakeId: c.text(),
      delivery: c.text().$type<Delivery>(),
      sendAt: c.instant(),
      sentAt: c.instant(),
      error: c.text(),
      createdAt: c.instant().notNull(),
    },
    (t) => [c.index('messages_by_ticket').on(t.ticketId, t.id)],
  ),
  /** Every Message-ID under which a message is known, by hash: ids can be 64 kB long. */
  messageIds: c.table(
    'message_ids',
    { scope: c.text().notNull(), hash: c.text().notNull(), messageId: c.text().notNull() },
    (t) => [c.key({ columns: [t.scope, t.hash, t.messageId] })],
  ),
  attachments: c.table(
    'attachments',
    {
      id: c.text().primaryKey(),
      /** Null until a message takes the upload. */
      messageId: c.text(),
      agentId: c.text(),
      filename: c.text().notNull(),
      contentType: c.text().notNull(),
      size: c.int().notNull(),
      hash: c.text().notNull(),
      contentId: c.text(),
      inline: c.bool().notNull(),
      createdAt: c.instant().notNull(),
    },
    (t) => [c.index('attachments_by_message').on(t.messageId), c.index('attachments_by_hash').on(t.hash)],
  ),
  /** Append-only: one row per thing that happened to a ticket, with who did it. */
  timeline: c.table(
    'timeline',
    {
      seq: c.serial(),
      txid: c.txid(),
      ticketId: c.text().notNull(),
      at: c.instant().notNull(),
      type: c.text().notNull(),
      actorKind: c.text().notNull().$type<'agent' | 'contact' | 'system'>(),
      actorId: c.text(),
      messageId: c.text(),
      data: c.json<Record<string, unknown>>().notNull(),
    },
    (t) => [
      c.index('timeline_by_ticket').on(t.ticketId, t.seq),
      // For whoever follows the timeline; empty on SQLite, where that is the order of `seq`.
      c.index('timeline_by_txid').on(t.txid, t.seq).where(sql`txid > 0`),
    ],
  ),
})
