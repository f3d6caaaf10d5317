// GET /tickets/:id: the timers of a ticket, with every reason.
import { type Caller, fail, type TicketView } from 'frontdesk/plugin'
import Type from 'typebox'
import { instant, orNull } from '../shapes.js'
import { shown, timerShape } from '../what-if/answer.js'
import type { Assignment } from './assign.js'
import { timersOf } from './compute.js'
import { notBefore, type Parts } from './plan.js'
import { readAll } from './read.js'
import { inWords } from './words.js'

const explained = Type.Object({
  ticketId: Type.String(),
  number: Type.Integer(),
  asOf: instant(),
  policy: orNull(
    Type.Object({
      id: Type.String(),
      version: orNull(Type.Integer()),
      name: Type.String(),
      since: instant(),
      why: Type.String(),
    }),
  ),
  calendar: orNull(
    Type.Object({ id: Type.String(), name: Type.String(), version: Type.Integer(), timeZone: Type.String() }),
  ),
  timers: Type.Array(
    Type.Object({
      ...timerShape.properties,
      words: Type.String({ description: 'The same in one sentence.' }),
      steps: Type.Array(
        Type.Object(
          { name: Type.String(), at: instant(), firedAt: instant() },
          { description: 'What was fired.' },
        ),
      ),
    }),
  ),
  history: Type.Array(
    Type.Object({
      at: instant(),
      policyId: orNull(Type.String()),
      policyVersion: orNull(Type.Integer()),
      why: Type.String(),
    }),
    { description: 'Under which policy the ticket stood from when on.' },
  ),
})

export function ticketRoute(parts: Parts): void {
  const { app } = parts
  app.route({
    method: 'GET',
    url: '/tickets/:id',
    permission: app.permissions.read,
    summary: 'The timers of a ticket, and why each is due when it is',
    params: Type.Object({ id: Type.String({ maxLength: 100, description: 'Id or number.' }) }),
    response: { 200: explained },
    handler: async ({ params, who }) => explain(parts, await visible(parts, who, params.id)),
  })
}

async function visible({ app }: Parts, who: Caller, key: string): Promise<TicketView> {
  const ticket = await app.desk.ticket(app.db, key)
  const seen = ticket && (await app.desk.visibleTickets(app.db, who, [ticket.id])).length > 0
  if (!ticket || !seen) throw fail('not_found', 'There is no such ticket.')
  return ticket
}

/** Computed anew from the facts, to this instant: of what is stored of a timer only how far its time has come is asked. */
async function explain(parts: Parts, ticket: TicketView) {
  const { app, books, versions, queries } = parts
  const [known] = await readAll(app, queries, app.db, await app.db.run(queries.row, { id: ticket.id }))
  const { steps = [], assignments: rows = [] } = known ?? {}
  const clock = app.clock.now().getTime()
  const now = known ? notBefore(known, clock) : clock
  const assignments: Assignment[] = rows.map((one) => ({ ...one, at: one.at.getTime() }))
  const calendars = await versions.of(
    app.db,
    assignments.flatMap(({ calendarId }) => calendarId ?? []),
  )
  const timers = known ? timersOf(known.history.facts, assignments, calendars, now) : []
  const current = assignments.at(-1)
  const policies = (await books.newest(app.db)).policies
  const calendar = current?.calendarId ? calendars(current.calendarId).at(-1)?.calendar : undefined
  return {
    ticketId: ticket.id,
    number: ticket.number,
    asOf: new Date(now).toISOString(),
    policy: current?.policyId
      ? {
          id: current.policyId,
          version: current.policyVersion,
          name: policies.find(({ id }) => id === current.policyId)?.name ?? current.policyId,
          since: new Date(current.at).toISOString(),
          why: current.why,
        }
      : null,
    calendar: calendar
      ? {
          id: calendar.id,
          name: calendar.name,
          version: calendar.version,
          timeZone: calendar.clock.hours.timeZone,
        }
      : null,
    timers: timers.map(({ timer }) => ({
      ...shown(timer),
      words: inWords(timer),
      steps: steps
        .filter((one) => one.metric === timer.metric && one.cycle === timer.cycle)
        .sort((a, b) => a.at.getTime() - b.at.getTime())
        .map(({ step, at, firedAt }) => ({
          name: step,
          at: at.toISOString(),
          firedAt: firedAt.toISOString(),
        })),
    })),
    history: assignments.map(({ at, policyId, policyVersion, why }) => ({
      at: new Date(at).toISOString(),
      policyId,
      policyVersion,
      why,
    })),
  }
}
