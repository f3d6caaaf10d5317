// What can be asked of a report: over which time, of which timers, by what it is grouped.
import { and, eq, isNull, type SQL } from 'drizzle-orm'
import { DAY, fail } from 'frontdesk/plugin'
import Type, { type Static } from 'typebox'
import type { App } from '../app.js'
import { metrics } from '../engine/timer.js'
import { instant, oneOf } from '../shapes.js'
import { outcomes } from './outcome.js'

export const groups = ['policy', 'team', 'agent', 'channel', 'inbox'] as const
export type Group = (typeof groups)[number]
export const periods = ['day', 'week', 'month'] as const
export type Period = (typeof periods)[number]

const MOST_DAYS = 400
/** In a filter: those that have none. */
export const NONE = 'none'

const id = (what: string) =>
  Type.Optional(Type.String({ maxLength: 100, description: `${what}; \`${NONE}\`: those without one.` }))

const asked = {
  from: instant({ description: 'The beginning of the time.' }),
  to: instant({ description: `Its end, which does not belong to it; at most ${MOST_DAYS} days later.` }),
  metric: Type.Optional(oneOf(metrics)),
  policyId: id('Of this policy'),
  teamId: id('Of this team'),
  agentId: id('Of this agent: who answered, or whose ticket it was'),
  inboxId: id('Of this inbox'),
  channel: Type.Optional(Type.String({ maxLength: 100 })),
}

export const reportQuery = Type.Object(
  {
    ...asked,
    group: Type.Optional(
      Type.String({
        maxLength: 60,
        pattern: `^(${groups.join('|')})(,(${groups.join('|')}))*$`,
        description: `Any of ${groups.join(', ')}, with commas between them. The metric always is one.`,
      }),
    ),
    period: Type.Optional(oneOf(periods)),
    zone: Type.Optional(
      Type.String({ maxLength: 60, description: 'IANA zone of the periods. Default: UTC.' }),
    ),
  },
  { additionalProperties: false },
)

export const timersFilter = { ...asked, outcome: Type.Optional(oneOf(outcomes)) }
const timersAsked = Type.Object(timersFilter)

export type ReportQuery = Static<typeof reportQuery>
export type TimersQuery = Static<typeof timersAsked>

/** In milliseconds; `to` does not belong to it. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** @throws DeskError `invalid_request`. */
export function spanOf(query: { from: string; to: string }): Span {
  const span = { from: Date.parse(query.from), to: Date.parse(query.to) }
  if (!(span.from < span.to)) throw fail('invalid_request', '`to` must be later than `from`.')
  if (span.to - span.from > MOST_DAYS * DAY)
    throw fail('invalid_request', `A report is over at most ${MOST_DAYS} days.`)
  return span
}

export const groupsOf = ({ group }: ReportQuery): Group[] => [
  ...new Set((group?.split(',') ?? []) as Group[]),
]

export function filterOf({ timers }: App['tables'], query: TimersQuery): SQL | undefined {
  const among = (column: Parameters<typeof isNull>[0] & { name: string }, value: string | undefined) =>
    value === undefined ? undefined : value === NONE ? isNull(column) : eq(column as never, value)
  return and(
    among(timers.metric, query.metric),
    among(timers.policyId, query.policyId),
    among(timers.teamId, query.teamId),
    among(timers.agentId, query.agentId),
    among(timers.inboxId, query.inboxId),
    among(timers.channel, query.channel),
    among(timers.outcome, query.outcome),
  )
}
