// The timeline: one row per thing that happened to a ticket, never changed. It is the audit trail and the source
// of the facts that plugins compute from.
import { and, asc, eq, getTableColumns, gt, inArray, lte, max, or, sql } from 'drizzle-orm'
import { batches, paramsOf } from '../db/batches.js'
import { between, orderColumn, type Position, positionNow, sees } from '../db/position.js'
import { prepared, preparedBySize, type Reader, type Tx } from '../db/types.js'
import type { Actor } from './desk.js'
import { lockById } from './lock.js'

export const timelineTypes = [
  'ticket_created',
  'message_received',
  'message_replaced',
  'message_queued',
  'message_cancelled',
  'message_delayed',
  'message_sent',
  'message_failed',
  'message_bounced',
  'message_moved',
  'note_added',
  'call_logged',
  'changed',
  'stage_changed',
  'participant_added',
  'linked',
  'merged',
] as const
export type TimelineType = (typeof timelineTypes)[number]

interface Entry {
  ticketId: string
  type: TimelineType
  actor: Actor
  messageId?: string | null
  data?: Record<string, unknown>
}

const p = sql.placeholder

const insert = preparedBySize((size) =>
  prepared<Record<string, unknown>, never>(
    (q, t) =>
      q.insert(t.timeline).values(
        Array.from({ length: size }, (_, index) => ({
          ticketId: p(`ticketId${index}`),
          at: p('at'),
          type: p(`type${index}`),
          actorKind: p(`kind${index}`) as never,
          actorId: p(`actorId${index}`),
          messageId: p(`messageId${index}`),
          data: p(`data${index}`),
        })),
      ) as never,
  ),
)

export async function record(tx: Tx, entry: Entry): Promise<void> {
  await lockById(tx, entry.ticketId)
  await recordAll(tx, [entry])
}

/** Of tickets that this transaction has locked. */
export async function recordAll(tx: Tx, entries: readonly Entry[]): Promise<void> {
  for (const some of batches(entries))
    await tx.run(insert(some.length), { at: tx.now, ...paramsOf(some.map(row)) })
  if (entries.length > 0) tx.announce('timeline')
}

const row = ({ ticketId, type, actor, messageId = null, data = {} }: Entry) => ({
  ...{ ticketId, type, messageId, data },
  kind: actor.kind,
  actorId: actor.id,
})

/** Who wrote a row in which transaction is for those who follow the timeline, nobody else. */
const shown = ({ t: { timeline } }: Pick<Reader, 't'>) => {
  const { txid: _, ...columns } = getTableColumns(timeline)
  return columns
}

const after = prepared<{ ticketId: string; since: number; limit: number }, Omit<TimelineRow, 'txid'>>(
  (q, t) =>
    q
      .select(shown({ t }))
      .from(t.timeline)
      .where(and(eq(t.timeline.ticketId, p('ticketId')), gt(t.timeline.seq, p('since'))))
      .orderBy(asc(t.timeline.seq))
      .limit(p('limit')) as never,
)

/** Oldest first, after the entry `since`. */
export const readTimeline = (r: Reader, ticketId: string, since: number, limit: number) =>
  r.run(after, { ticketId, since, limit })

/** Of several tickets, each the oldest first and at most `limit` of one. */
export async function readTimelines(r: Reader, ticketIds: readonly string[], limit: number) {
  const found = new Map<string, Omit<TimelineRow, 'txid'>[]>(ticketIds.map((id) => [id, []]))
  for (const ids of batches(ticketIds)) {
    const rows = await r.run(manyTimelines(ids.length), { ...paramsOf(ids.map((id) => ({ id }))), limit })
    for (const { place: _, ...row } of rows) found.get(row.ticketId)!.push(row)
  }
  return found
}

const manyTimelines = preparedBySize((size) =>
  prepared<Record<string, unknown>, Omit<TimelineRow, 'txid'> & { place: number }>((q, t) => {
    const { timeline } = t
    const place = sql<number>`row_number() over (partition by ${timeline.ticketId} order by ${timeline.seq})`
    const placed = q
      .select({ ...shown({ t }), place: place.as('place') })
      .from(timeline)
      .where(
        inArray(
          timeline.ticketId,
          Array.from({ length: size }, (_, i) => p(`id${i}`)),
        ),
      )
      .as('placed')
    return q
      .select()
      .from(placed)
      .where(lte(placed.place, p('limit')))
      .orderBy(asc(placed.seq)) as never
  }),
)

export type TimelineRow = Reader['t']['timeline']['$inferSelect']

/** All that is visible now lies before it. */
export const timelinePosition = (r: Reader): Promise<Position> =>
  positionNow(r, async () => {
    const [row] = await r.select({ last: max(r.t.timeline.seq) }).from(r.t.timeline)
    return row?.last ?? 0
  })

export interface TimelinePage {
  rows: TimelineRow[]
  /** Where the next page begins; undefined: this was the last. */
  next: { order: number; seq: number } | undefined
}

/** What `to` sees and `from` did not, whatever its numbers: each entry is in exactly one such step. */
export async function timelineBetween(
  r: Reader,
  from: Position,
  to: Position,
  { limit, after }: { limit: number; after?: TimelinePage['next'] },
): Promise<TimelinePage> {
  const { timeline } = r.t
  const order = orderColumn(r, timeline)
  const beyond = after && or(gt(order, after.order), and(eq(order, after.order), gt(timeline.seq, after.seq)))
  const rows = await r
    .select()
    .from(timeline)
    .where(and(between(r, timeline, from, to), beyond))
    .orderBy(asc(order), asc(timeline.seq))
    .limit(limit)
  const orderOf = (row: TimelineRow) => (order === timeline.seq ? row.seq : row.txid)
  const last = rows.at(-1)
  return {
    rows: rows.filter((row) => sees(to, orderOf(row))).sort((a, b) => a.seq - b.seq),
    next: rows.length === limit && last ? { order: orderOf(last), seq: last.seq } : undefined,
  }
}

/**
 * After a restore into another PostgreSQL the numbers of the old one can lie ahead of its own: they would come up as
 * new one day. Nothing is ahead in one that was not restored, and then nothing is written.
 */
export async function forgetForeign(tx: Tx): Promise<void> {
  if (!tx.dialect.ahead) return
  const { timeline } = tx.t
  await tx
    .update(timeline)
    .set({ txid: 0 })
    .where(and(sql`${timeline.txid} > 0`, sql`${timeline.txid} >= ${tx.dialect.ahead}`))
}
