// POST /simulate: what would have been missed, had these policies and calendars held for the tickets of the last days?
// Nothing is stored.
import { setImmediate } from 'node:timers/promises'
import { inArray } from 'drizzle-orm'
import { after, type Caller, DAY, fail, type TicketView } from 'frontdesk/plugin'
import Type, { type Static } from 'typebox'
import { type CalendarDefinition, definitionSchema } from '../calendar/definition.js'
import type { Hours } from '../calendar/hours.js'
import { OpenHours } from '../engine/clock.js'
import { type Metric, metrics } from '../engine/timer.js'
import { mistakesOf, refuse } from '../policy/check.js'
import { knownFor, unknownIn } from '../policy/known.js'
import { filledIn, type Policy, triedPolicy } from '../policy/policy.js'
import type { Calendars } from '../policy/rules.js'
import { oneOf } from '../shapes.js'
import { assignmentsFor } from '../ticket/assign.js'
import { timersOf } from '../ticket/compute.js'
import type { Parts } from '../ticket/plan.js'
import { readHistory, readSegments, readTimeline } from '../ticket/read.js'

const MOST_TICKETS = 20_000
const MOST_CHANGED = 500
const PAGE = 100

export const simulation = Type.Object(
  {
    days: Type.Integer({ minimum: 1, maximum: 366 }),
    policies: Type.Optional(
      Type.Array(triedPolicy, {
        maxItems: 200,
        description: 'The whole list in its order. Default: as it is.',
      }),
    ),
    calendars: Type.Optional(
      Type.Record(Type.String({ maxLength: 100 }), definitionSchema, {
        maxProperties: 50,
        description: 'Definitions by id, instead of those that are saved, or beside them.',
      }),
    ),
  },
  { additionalProperties: false },
)
type Simulation = Static<typeof simulation>

const counts = Type.Object({
  timers: Type.Integer(),
  missed: Type.Integer(),
  wereMissed: Type.Integer({ description: 'Of the timers that there were in truth.' }),
})
const changed = Type.Object({
  ticketId: Type.String(),
  number: Type.Integer(),
  metric: oneOf(metrics),
  missed: Type.Integer(),
  wereMissed: Type.Integer(),
})
export const outcome = Type.Object({
  tickets: Type.Integer(),
  complete: Type.Boolean({
    description: `False: there are more than ${MOST_TICKETS}; these are the newest days' oldest.`,
  }),
  metrics: Type.Record(Type.String(), counts),
  changed: Type.Array(changed, {
    description: `Tickets that would have fared differently, the first ${MOST_CHANGED}.`,
  }),
})
type Outcome = Static<typeof outcome>

/** @throws DeskError with the field. */
export type Resolver = (definition: CalendarDefinition) => Promise<Hours>

export async function simulate(
  parts: Parts,
  resolve: Resolver,
  who: Caller,
  wanted: Simulation,
): Promise<Outcome> {
  const { app } = parts
  const policies = await policiesOf(parts, wanted)
  const calendars = await calendarsOf(parts, resolve, wanted, policies)
  const result: Outcome = { tickets: 0, complete: true, metrics: {}, changed: [] }
  const createdSince = after(app.clock.now(), -wanted.days * DAY)
  for (let last: string | undefined; ; ) {
    const page = await app.desk.tickets(app.db, { createdSince, limit: PAGE, ...(last && { after: last }) })
    const seen = new Set(
      await app.desk.visibleTickets(
        app.db,
        who,
        page.map(({ id }) => id),
      ),
    )
    await tryPage(
      parts,
      page.filter(({ id }) => seen.has(id)),
      policies,
      calendars,
      result,
    )
    if (page.length < PAGE) return result
    if (result.tickets >= MOST_TICKETS) return { ...result, complete: false }
    last = page.at(-1)!.id
    // Others have their turn.
    await setImmediate()
  }
}

async function policiesOf({ app, books }: Parts, { policies }: Simulation): Promise<readonly Policy[]> {
  if (!policies) return (await books.newest(app.db)).policies
  const tried = policies.map(
    (one, i): Policy => ({ ...filledIn(one), id: one.id ?? `new-${i + 1}`, version: one.version ?? 0 }),
  )
  const known = await knownFor(app, app.db)
  const mistakesIn = (one: Policy, at: string) => [...mistakesOf(one, at), ...unknownIn(one, known, at)]
  refuse(tried.flatMap((one, i) => mistakesIn(one, `body/policies/${i}`)))
  return tried
}

async function calendarsOf(
  { app, versions }: Parts,
  resolve: Resolver,
  { calendars = {} }: Simulation,
  policies: readonly Policy[],
): Promise<Calendars> {
  const saved = await versions.of(
    app.db,
    policies.map(({ calendarId }) => calendarId),
  )
  const tried = new Map<string, ReturnType<Calendars>>()
  for (const [id, definition] of Object.entries(calendars)) {
    const hours = await resolve(definition)
    tried.set(id, [
      { version: 0, at: 0, calendar: { id, name: id, version: 0, clock: new OpenHours(hours) } },
    ])
  }
  for (const [i, { calendarId, name }] of policies.entries())
    if (!tried.has(calendarId) && saved(calendarId).length === 0)
      throw fail('invalid_request', `The policy "${name}" names a calendar that is not there.`, {
        errors: [{ field: `body/policies/${i}/calendarId`, message: 'there is no such calendar' }],
      })
  // Of a saved one its newest version is tried, as if it had held all the time.
  return (id) =>
    tried.get(id) ??
    saved(id)
      .slice(-1)
      .map((one) => ({ ...one, at: 0 }))
}

async function tryPage(
  parts: Parts,
  tickets: readonly TicketView[],
  policies: readonly Policy[],
  calendars: Calendars,
  result: Outcome,
): Promise<void> {
  const { app } = parts
  const ids = tickets.map(({ id }) => id)
  if (ids.length === 0) return
  const timelines = await app.desk.timelines(app.db, ids)
  const { timers: table } = app.tables
  const truth = await app.db.select().from(table).where(inArray(table.ticketId, ids))
  const now = app.clock.now().getTime()
  const book = { revision: 0, at: 0, policies }
  for (const ticket of tickets) {
    const timeline = await readTimeline(app, app.db, ticket.id, timelines.get(ticket.id) ?? [])
    const history = await readHistory(app, app.db, ticket, timeline)
    const segments = await readSegments(app, app.db, ticket, book)
    const binding = { book, boundAt: ticket.createdAt.getTime(), later: [] }
    const assignments = assignmentsFor(
      { moments: history.moments, judged: 0, last: undefined, binding, segments },
      now,
    )
    const timers = timersOf(history.facts, assignments, calendars, now).map(({ timer }) => timer)
    const was = truth.filter(({ ticketId }) => ticketId === ticket.id)
    result.tickets++
    for (const metric of metrics) count(result, ticket, metric, timers, was)
  }
}

interface Judged {
  readonly metric: Metric
  readonly breachedAt: number | Date | null
}

function count(
  result: Outcome,
  { id, number }: TicketView,
  metric: Metric,
  tried: readonly Judged[],
  was: readonly Judged[],
): void {
  const of = (timers: readonly Judged[]) => timers.filter((one) => one.metric === metric)
  const missedOf = (timers: readonly Judged[]) => of(timers).filter((one) => one.breachedAt !== null).length
  const missed = missedOf(tried)
  const wereMissed = missedOf(was)
  const sum = (result.metrics[metric] ??= { timers: 0, missed: 0, wereMissed: 0 })
  sum.timers += of(tried).length
  sum.missed += missed
  sum.wereMissed += wereMissed
  if (missed !== wereMissed && result.changed.length < MOST_CHANGED)
    result.changed.push({ ticketId: id, number, metric, missed, wereMissed })
}
