// The timeline: one row per thing that happened to a ticket, never changed. It is the audit trail and the source
// of the facts that plugins compute from.
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import { prepared, type Reader, type Tx } from '../db/types.js'
import type { Actor } from './desk.js'
import { lockById } from './lock.js'

export type TimelineType =
  | 'ticket_created'
  | 'message_received'
  | 'message_replaced'
  | 'message_queued'
  | 'message_cancelled'
  | 'message_delayed'
  | 'message_sent'
  | 'message_failed'
  | 'message_bounced'
  | 'message_moved'
  | 'note_added'
  | 'changed'
  | 'stage_changed'
  | 'participant_added'
  | 'linked'
  | 'merged'

interface Entry {
  ticketId: string
  type: TimelineType
  actor: Actor
  messageId?: string | null
  data?: Record<string, unknown>
}

const p = sql.placeholder

const insert = prepared<
  {
    ticketId: string
    at: Date
    type: string
    kind: string
    actorId: string | null
    messageId: string | null
    data: object
  },
  never
>(
  (q, t) =>
    q.insert(t.timeline).values({
      ticketId: p('ticketId'),
      at: p('at'),
      type: p('type'),
      actorKind: p('kind') as never,
      actorId: p('actorId'),
      messageId: p('messageId'),
      data: p('data'),
    }) as never,
)

export async function record(
  tx: Tx,
  { ticketId, type, actor, messageId = null, data = {} }: Entry,
): Promise<void> {
  await lockById(tx, ticketId)
  await tx.run(insert, { ticketId, at: tx.now, type, kind: actor.kind, actorId: actor.id, messageId, data })
  tx.announce('timeline')
}

/** Oldest first, after the entry `since`. */
export async function readTimeline(r: Reader, ticketId: string, since: number, limit: number) {
  const { timeline } = r.t
  return r
    .select()
    .from(timeline)
    .where(and(eq(timeline.ticketId, ticketId), gt(timeline.seq, since)))
    .orderBy(asc(timeline.seq))
    .limit(limit)
}
