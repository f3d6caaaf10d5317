// What was answered and what was left out, and the token buckets behind the limits.
import type { Kit } from 'frontdesk/plugin'
import type { Reason } from './reasons.js'

export const tables = (c: Kit) => ({
  /** One row per ticket: its unique index is what makes the answer go out once, however often the event comes. */
  answers: c.table(
    'answers',
    {
      id: c.text().primaryKey(),
      ticketId: c.text().notNull(),
      inboxId: c.text().notNull(),
      /** Whom it went to, or would have gone to; without a +tag, as the limits count it. */
      address: c.text(),
      language: c.text(),
      /** Why none was sent; null: one was. */
      reason: c.text().$type<Reason>(),
      /** The message that was sent. */
      messageId: c.text(),
      at: c.instant().notNull(),
    },
    (t) => [
      c.unique('answers_once').on(t.ticketId),
      c.index('answers_by_address').on(t.address, t.id),
      c.index('answers_by_time').on(t.at),
    ],
  ),
  buckets: c.table(
    'buckets',
    {
      /** `address:ann@example.org` or `desk`. */
      key: c.text().primaryKey(),
      /** When the bucket will be full again, in milliseconds: SQL can count with it on both databases. */
      fullAt: c.int().notNull(),
    },
    (t) => [c.index('buckets_by_time').on(t.fullAt)],
  ),
})

export type Tables = ReturnType<typeof tables>
export type Answer = Tables['answers']['$inferSelect']
