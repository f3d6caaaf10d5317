// The lines of a report, with names and the way to the timers behind each.
import { and } from 'drizzle-orm'
import type { App } from '../app.js'
import { metrics } from '../engine/timer.js'
import type { Books } from '../policy/books.js'
import { type Names, readNames } from './names.js'
import { filterOf, type Group, groupsOf, NONE, type ReportQuery, spanOf } from './query.js'
import { pause, slicesOf } from './slices.js'
import { byBusiness, byWall, type Row, within } from './statements.js'
import { type Line, percentile, Tally } from './tally.js'

export type Figures = ReturnType<typeof figuresOf>

/** The slices are no snapshot: a timer that is decided meanwhile may be counted where it was or where it is. */
export async function report(app: App, books: Books, query: ReportQuery): Promise<Figures[]> {
  const { timers } = app.tables
  const group = groupsOf(query)
  const filter = filterOf(app.tables, query)
  const tally = new Tally(group)
  for (const slice of slicesOf(spanOf(query), query.zone, query.period)) {
    tally.begin(slice)
    const where = and(within(timers, slice), filter)
    const business = (await byBusiness(app.db, timers, group, where)) as Row[]
    tally.add(slice, 'business', business)
    if (business.some(({ step }) => step !== null))
      tally.add(slice, 'wall', (await byWall(app.db, timers, group, where)) as Row[])
    await pause()
  }
  const names = await readNames(app, books)
  return tally.lines.map((line) => figuresOf(line, query, names)).sort(inOrder)
}

function figuresOf(line: Line, query: ReportQuery, names: Names) {
  const { counts, metric, period } = line
  const { met, missed } = counts
  const groups = Object.entries(line.ids) as [Group, string | null][]
  return {
    metric,
    ...(period !== '' && { period }),
    from: new Date(line.from).toISOString(),
    to: new Date(line.to).toISOString(),
    groups: Object.fromEntries(groups.map(([one, id]) => [one, { id, name: names.of(one, id) }])),
    timers: Object.values(counts).reduce((sum, one) => sum + one, 0),
    ...counts,
    shareMet: met + missed > 0 ? met / (met + missed) : null,
    businessMs: { median: percentile(line.business, 0.5), p90: percentile(line.business, 0.9) },
    wallMs: { median: percentile(line.wall, 0.5), p90: percentile(line.wall, 0.9) },
    timersUrl: urlOf(line, query),
  }
}

/** Opens a figure: with `&outcome=missed` the tickets behind the number of missed ones. */
function urlOf({ from, to, metric, ids }: Line, query: ReportQuery): string {
  const { policyId, teamId, agentId, inboxId, channel } = query
  const wanted = {
    ...{ policyId, teamId, agentId, inboxId, channel },
    ...Object.fromEntries(
      Object.entries(ids).map(([one, id]) => [one === 'channel' ? one : `${one}Id`, id ?? NONE]),
    ),
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    metric,
  }
  const given = Object.entries(wanted).filter((one): one is [string, string] => one[1] !== undefined)
  return `/api/plugins/sla/report/timers?${new URLSearchParams(given)}`
}

function inOrder(a: Figures, b: Figures): number {
  const named = ({ groups }: Figures) => Object.values(groups).map(({ id, name }) => name ?? id ?? '')
  const keyOf = (one: Figures) => [one.from, metrics.indexOf(one.metric), ...named(one)].join('\n')
  const [left, right] = [keyOf(a), keyOf(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
