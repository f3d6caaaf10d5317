// The timers behind a figure, in the order in which they were counted, those of tickets that the caller may see.
import { and, asc, eq, gt, or, type SQL } from 'drizzle-orm'
import { type Caller, DAY, fail } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Metric } from '../engine/timer.js'
import type { TimerRow } from '../ticket/queries.js'
import { filterOf, type Span, spanOf, type TimersQuery } from './query.js'
import { pause } from './slices.js'
import { within } from './statements.js'

/** As many as can be looked at for visibility at once. */
const BATCH = 200
/** So many that cannot be seen are passed over before a page is answered, be it short. */
const MOST_LOOKED_AT = 2000
const LONGEST = 32 * DAY

interface Position {
  readonly at: number
  readonly ticketId: string
  readonly metric: Metric
  readonly cycle: number
}

export async function timersPage(
  app: App,
  who: Caller,
  query: TimersQuery & { limit?: number; cursor?: string },
) {
  const { limit = 50, cursor } = query
  const items: TimerRow[] = []
  let looked = 0
  for await (const rows of batches(app, query, cursor === undefined ? undefined : readCursor(cursor))) {
    const seen = await visible(app, who, rows)
    for (const row of seen) {
      if (items.length === limit) return { items, nextCursor: cursorOf(items.at(-1)!) }
      items.push(row)
    }
    looked += rows.length
    if (looked >= MOST_LOOKED_AT) return { items, nextCursor: cursorOf(rows.at(-1)!) }
  }
  return { items, nextCursor: null }
}

/** All of them, read as they are taken. */
export async function* allTimers(app: App, who: Caller, query: TimersQuery): AsyncGenerator<TimerRow> {
  for await (const rows of batches(app, query)) yield* await visible(app, who, rows)
}

async function visible({ desk, db }: App, who: Caller, rows: readonly TimerRow[]): Promise<TimerRow[]> {
  const ids = [...new Set(rows.map(({ ticketId }) => ticketId))]
  const seen = new Set(await desk.visibleTickets(db, who, ids))
  return rows.filter(({ ticketId }) => seen.has(ticketId))
}

/** Day by day, wider where there is nothing: a filter that few rows fit must not read a year at once. */
async function* batches(app: App, query: TimersQuery, after?: Position): AsyncGenerator<TimerRow[]> {
  const { from, to } = spanOf(query)
  let at = Math.max(after?.at ?? from, from)
  let position = after
  let width = DAY
  while (at < to) {
    const end = Math.min(at + width, to)
    const rows: TimerRow[] = await timersWithin(app, query, { from: at, to: end }, position)
    if (rows.length > 0) yield rows
    const last = rows.at(-1)
    if (last && rows.length === BATCH) {
      position = positionOf(last)
      at = position.at
    } else {
      position = undefined
      at = end
      width = rows.length > 0 ? DAY : Math.min(width * 2, LONGEST)
    }
    await pause()
  }
}

export function timersWithin({ db, tables }: App, query: TimersQuery, span: Span, after?: Position) {
  const { timers: t } = tables
  return db
    .select()
    .from(t)
    .where(and(within(t, span), after && beyond(t, after), filterOf(tables, query)))
    .orderBy(asc(t.countedAt), asc(t.ticketId), asc(t.metric), asc(t.cycle))
    .limit(BATCH)
}

function beyond(t: App['tables']['timers'], { at, ticketId, metric, cycle }: Position): SQL | undefined {
  return or(
    gt(t.countedAt, new Date(at)),
    gt(t.ticketId, ticketId),
    and(eq(t.ticketId, ticketId), or(gt(t.metric, metric), and(eq(t.metric, metric), gt(t.cycle, cycle)))),
  )
}

const positionOf = ({ countedAt, ticketId, metric, cycle }: TimerRow): Position => ({
  ...{ at: countedAt.getTime(), ticketId, metric, cycle },
})

const cursorOf = (row: TimerRow): string =>
  Buffer.from(JSON.stringify(Object.values(positionOf(row)))).toString('base64url')

function readCursor(cursor: string): Position {
  try {
    const [at, ticketId, metric, cycle] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const fits = typeof ticketId === 'string' && typeof metric === 'string'
    if (fits && Number.isSafeInteger(at) && Math.abs(at) < 2 ** 47 && Number.isSafeInteger(cycle))
      return { at, ticketId, metric: metric as Metric, cycle }
  } catch {
    // Not one of ours: refused below.
  }
  throw fail('invalid_cursor')
}
