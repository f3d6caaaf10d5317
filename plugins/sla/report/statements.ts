// The statements of a report over one slice: the database counts and groups, and puts lengths of time into steps, so
// that a median needs no list of all of them.
import { and, count, eq, gte, isNotNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { PluginReader } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Metric } from '../engine/timer.js'
import type { Outcome } from './outcome.js'
import type { Group, Span } from './query.js'

type Timers = App['tables']['timers']

export type Ids = { readonly [G in Group]?: string | null }
export interface Row extends Ids {
  readonly metric: Metric
  readonly outcome: Outcome
  /** Milliseconds; null: not over yet, or nobody waited for its end. */
  readonly step: number | null
  readonly timers: number | string
}

const columnOf = {
  policy: 'policyId',
  team: 'teamId',
  agent: 'agentId',
  channel: 'channel',
  inbox: 'inboxId',
} as const satisfies Record<Group, keyof Timers>

/** By the business time that was consumed. Every timer is counted, those without an end too. */
export function byBusiness(r: PluginReader, t: Timers, group: readonly Group[], where: SQL | undefined) {
  return grouped(r, t, group, where, sql`case when ${hasEnded(t)} then ${stepOf(sql`${t.consumedMs}`)} end`)
}

/** By the time of the world, of those that have an end. */
export function byWall(r: PluginReader, t: Timers, group: readonly Group[], where: SQL | undefined) {
  return grouped(r, t, group, and(where, hasEnded(t)), stepOf(wallOf(r, t)))
}

export const within = (t: Timers, { from, to }: Span): SQL | undefined =>
  and(gte(t.countedAt, new Date(from)), lt(t.countedAt, new Date(to)))

function grouped(
  r: PluginReader,
  t: Timers,
  group: readonly Group[],
  where: SQL | undefined,
  step: SQL<number | null>,
) {
  const ids = Object.fromEntries(group.map((one) => [one, t[columnOf[one]]]))
  const by = { ...ids, metric: t.metric, outcome: t.outcome }
  return r
    .select({ ...by, step: step.as('step'), timers: count().as('timers') })
    .from(t)
    .where(where)
    .groupBy(...Object.values(by), sql`step`)
}

/** Met, or missed and yet done: how long these took is known. */
const hasEnded = (t: Timers): SQL =>
  sql`(${or(eq(t.outcome, sql.raw("'met'")), eq(t.outcome, sql.raw("'missed'")))} and ${isNotNull(t.stoppedAt)})`

const wallOf = ({ dialect }: PluginReader, t: Timers): SQL =>
  dialect.name === 'sqlite'
    ? sql`(${t.stoppedAt} - ${t.startedAt})`
    : sql`(extract(epoch from ${t.stoppedAt} - ${t.startedAt}) * 1000)::bigint`

/** Rounded down: to a second below ten minutes, a minute below ten hours, ten minutes below ten days, else an hour. */
const stepOf = (ms: SQL): SQL<number | null> =>
  sql`case when ${ms} < 600000 then ${ms} / 1000 * 1000 when ${ms} < 36000000 then ${ms} / 60000 * 60000 when ${ms} < 864000000 then ${ms} / 600000 * 600000 else ${ms} / 3600000 * 3600000 end`
