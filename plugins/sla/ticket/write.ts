// The timers of some tickets, written where they differ from what is stored.
import { and, eq } from 'drizzle-orm'
import { batches, type PluginTx, paramsOf } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Timer } from '../engine/timer.js'
import { timerBreached } from '../events.js'
import { countedOf } from '../report/outcome.js'
import type { Attributes } from './history.js'
import type { Parts, Planned } from './plan.js'
import type { TimerRow } from './queries.js'

/** Rows of one statement: each has many values. */
const PORTION = 64

export async function writeTimers(
  { app, queries }: Pick<Parts, 'app' | 'queries'>,
  tx: PluginTx,
  planned: readonly Planned[],
): Promise<void> {
  const { timers } = app.tables
  const changed: TimerRow[] = []
  for (const one of planned) {
    const before = new Map(one.known.timers.map((row) => [keyOf(row), row]))
    for (const { timer } of one.timers) {
      const old = before.get(keyOf(timer))
      const row = rowOf(one, timer, old, tx.now)
      before.delete(keyOf(timer))
      if (old && same(old, row)) continue
      changed.push(row)
      if (row.breachedAt && !old?.breachedAt) await tell(app, tx, row)
    }
    // A reply that was taken back, a message that was moved away: what followed from them has not happened.
    for (const { ticketId, metric, cycle } of before.values())
      await tx
        .delete(timers)
        .where(and(eq(timers.ticketId, ticketId), eq(timers.metric, metric), eq(timers.cycle, cycle)))
  }
  for (const some of batches(changed, PORTION)) await tx.run(queries.saveTimers(some.length), paramsOf(some))
}

const tell = (app: App, tx: PluginTx, row: TimerRow) =>
  app.emit(tx, timerBreached, {
    ticketId: row.ticketId,
    metric: row.metric,
    cycle: row.cycle,
    policyId: row.policyId,
    breachedAt: row.breachedAt!.toISOString(),
    detectedAt: tx.now.toISOString(),
  })

export const keyOf = ({ metric, cycle }: { metric: string; cycle: number }) => `${metric} ${cycle}`

/** @param old says when a breach was noticed; all else comes from the facts. */
export function rowOf(
  { known, added }: Planned,
  timer: Timer,
  old: Pick<TimerRow, 'detectedAt'> | undefined,
  now: Date,
): TimerRow {
  const { ticket, history } = known
  // Whoever is under no policy any more keeps the name of the one that was missed or met.
  const named = [...known.assignments, ...added].findLast(({ policyId }) => policyId !== null)
  const ended = timer.stoppedAt ?? timer.breachedAt
  const { assigneeId, teamId, inboxId } = attributesAt(history.moments, ended)
  const { calendar, target } = timer.rule
  const counted = countedOf(timer)
  return {
    ticketId: ticket.id,
    metric: timer.metric,
    cycle: timer.cycle,
    number: ticket.number,
    policyId: named?.policyId ?? null,
    policyVersion: named?.policyVersion ?? null,
    calendarId: calendar?.id ?? null,
    calendarVersion: calendar?.version ?? null,
    targetMs: target,
    startedAt: new Date(timer.startedAt),
    dueAt: dateOf(timer.dueAt),
    state: timer.state,
    open: timer.stoppedAt === null && timer.state !== 'cancelled',
    consumedMs: timer.consumed,
    stoppedAt: dateOf(timer.stoppedAt),
    breachedAt: dateOf(timer.breachedAt),
    detectedAt: timer.breachedAt === null ? null : (old?.detectedAt ?? now),
    outcome: counted.outcome,
    countedAt: new Date(counted.at),
    deadline: timer.deadline,
    agentId: timer.stoppedBy ?? assigneeId,
    teamId,
    inboxId,
    channel: ticket.channel,
  }
}

const dateOf = (at: number | null): Date | null => (at === null ? null : new Date(at))

/** As they were at that instant; null: now. */
const attributesAt = (moments: readonly { at: number; attributes: Attributes }[], at: number | null) =>
  (moments.findLast((one) => at === null || one.at <= at) ?? moments[0]!).attributes

/** Consumed time of a timer that runs grows by itself: it alone is no reason to write. */
const same = (a: TimerRow, b: TimerRow): boolean =>
  (Object.keys(b) as (keyof TimerRow)[]).every(
    (key) =>
      (key === 'consumedMs' && b.open && b.state !== 'paused') ||
      (a[key] instanceof Date ? a[key].getTime() : a[key]) ===
        (b[key] instanceof Date ? b[key].getTime() : b[key]),
  )
