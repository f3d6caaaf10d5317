// The routes of reports: figures, and the timers behind them, both also as CSV.
import Type from 'typebox'
import type { App } from '../app.js'
import { metrics, states } from '../engine/timer.js'
import type { Books } from '../policy/books.js'
import { instant, oneOf, orNull } from '../shapes.js'
import { csvAnswer } from './csv.js'
import { reportFile, timersFile } from './files.js'
import { readNames } from './names.js'
import { outcomes } from './outcome.js'
import { groups, reportQuery, spanOf, timersFilter } from './query.js'
import { report } from './report.js'
import { shownTimer } from './shown.js'
import { allTimers, timersPage } from './timers.js'

const named = orNull(Type.String())
const lengths = Type.Object({ median: orNull(Type.Number()), p90: orNull(Type.Number()) })
const figures = Type.Object({
  metric: oneOf(metrics),
  period: Type.Optional(Type.String({ description: '`2026-03-02`, `2026-W10` or `2026-03`.' })),
  from: instant(),
  to: instant(),
  groups: Type.Object(
    Object.fromEntries(groups.map((one) => [one, Type.Optional(Type.Object({ id: named, name: named }))])),
  ),
  timers: Type.Integer(),
  ...Object.fromEntries(outcomes.map((one) => [one, Type.Integer()])),
  shareMet: Type.Union([Type.Number(), Type.Null()], { description: 'met ÷ (met + missed)' }),
  businessMs: lengths,
  wallMs: lengths,
  timersUrl: Type.String({
    description: 'The timers behind this line; `&outcome=missed` for those of one figure.',
  }),
})
const timer = Type.Object({
  ticketId: Type.String(),
  number: Type.Integer(),
  metric: oneOf(metrics),
  cycle: Type.Integer(),
  outcome: oneOf(outcomes),
  countedAt: instant({ description: 'By which it belongs to a period.' }),
  state: oneOf(states),
  ...Object.fromEntries(
    ['policy', 'team', 'agent', 'inbox'].flatMap((one) => [
      [one, named],
      [`${one}Id`, named],
    ]),
  ),
  channel: Type.String(),
  startedAt: instant(),
  dueAt: orNull(instant()),
  stoppedAt: orNull(instant()),
  breachedAt: orNull(instant()),
  targetMs: Type.Number(),
  consumedMs: Type.Number(),
  wallMs: orNull(Type.Number()),
})

const timersQuery = Type.Object(
  {
    ...timersFilter,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
)
const csv = Type.String({ description: 'CSV (RFC 4180)' })

export function reportRoutes(app: App, books: Books): void {
  const permission = app.permissions.report
  app.route({
    method: 'GET',
    url: '/report',
    permission,
    summary: 'Timers met and missed, over all tickets',
    description: 'Each timer is counted once, at the instant at which it was decided.',
    query: reportQuery,
    response: { 200: Type.Object({ items: Type.Array(figures) }) },
    handler: async ({ query }) => ({ items: await report(app, books, query) }),
  })
  app.route({
    method: 'GET',
    url: '/report/csv',
    permission,
    summary: 'The same as CSV',
    query: reportQuery,
    response: { 200: csv },
    ...csvAnswer('sla-report.csv'),
    handler: async ({ query }) => reportFile(await report(app, books, query)),
  })
  app.route({
    method: 'GET',
    url: '/report/timers',
    permission,
    summary: 'The timers behind a figure, of the tickets that the caller may see',
    query: timersQuery,
    response: { 200: Type.Object({ items: Type.Array(timer), nextCursor: orNull(Type.String()) }) },
    async handler({ query, who }) {
      const { items, nextCursor } = await timersPage(app, who, query)
      const names = await readNames(app, books)
      return { items: items.map((row) => shownTimer(row, names)), nextCursor }
    },
  })
  app.route({
    method: 'GET',
    url: '/report/timers/csv',
    permission,
    summary: 'All of them as CSV',
    query: Type.Object(timersFilter, { additionalProperties: false }),
    response: { 200: csv },
    ...csvAnswer('sla-timers.csv'),
    async handler({ query, who }) {
      spanOf(query)
      return timersFile(allTimers(app, who, query), await readNames(app, books))
    },
  })
}
