// Whether a policy makes sense on this desk: every mistake at once, each with its field.
import { and, eq, isNull } from 'drizzle-orm'
import { fail, type PluginReader } from 'frontdesk/plugin'
import { actionsOf } from '../actions/service.js'
import type { App } from '../app.js'
import { lengthOf } from './duration.js'
import type { Policy } from './policy.js'
import type { Action, Step, Target } from './target.js'

export interface Mistake {
  field: string
  message: string
}

const STATUSES = ['new', 'open', 'pending', 'solved', 'closed']

/** @throws DeskError `invalid_request`. */
export async function checkPolicy(
  app: App,
  r: PluginReader,
  policy: Policy,
  others: readonly Policy[],
): Promise<void> {
  const mistakes = [
    ...(others.some(({ id, name }) => id !== policy.id && name === policy.name)
      ? [{ field: 'body/name', message: 'there is a policy of this name already' }]
      : []),
    ...mistakesOf(policy, 'body'),
    ...(await checkReferences(app, r, policy)),
  ]
  refuse(mistakes)
}

/** Those that can be seen without the desk. @param at where the policy stands in the body. */
export const mistakesOf = ({ targets, byPriority }: Policy, at: string): Mistake[] => [
  ...checkTargets(targets, `${at}/targets`),
  ...Object.entries(byPriority ?? {}).flatMap(([priority, some]) =>
    checkTargets(some ?? [], `${at}/byPriority/${priority}`),
  ),
]

/** @throws DeskError `invalid_request`, where there are any. */
export function refuse(mistakes: readonly Mistake[]): void {
  if (mistakes.length === 0) return
  const text = mistakes.map(({ field, message }) => `${field}: ${message}`).join('; ')
  throw fail('invalid_request', text, { errors: [...mistakes] })
}

function checkTargets(targets: readonly Target[], field: string): Mistake[] {
  return targets.flatMap((target, i) => {
    const at = `${field}/${i}`
    const length = lengthOf(target.within, WEEK)
    const twice = targets.findIndex(({ metric }) => metric === target.metric) < i
    return [
      ...(twice ? [{ field: `${at}/metric`, message: `there are two targets for ${target.metric}` }] : []),
      ...(length && length.ms > 0
        ? []
        : [
            { field: `${at}/within`, message: 'write `4 hours`, `30 business minutes` or `2 business days`' },
          ]),
      ...(target.pauseWhile ?? [])
        .filter((hold) => !STATUSES.includes(hold) && !hold.startsWith('tag:'))
        .map((hold) => ({
          field: `${at}/pauseWhile`,
          message: `"${hold}" is neither a status (${STATUSES.join(', ')}) nor tag:NAME`,
        })),
      ...(target.steps ?? []).flatMap((step, j) =>
        checkStep(step, target, length?.business ?? false, `${at}/steps/${j}`, j),
      ),
    ]
  })
}

function checkStep(step: Step, target: Target, business: boolean, field: string, index: number): Mistake[] {
  const offset = lengthOf(step.at, WEEK)
  if (!offset)
    return [{ field: `${field}/at`, message: 'write `-60 business minutes`, `0 minutes` or `2 hours`' }]
  if (offset.business && !business)
    return [
      {
        field: `${field}/at`,
        message: `the target (${target.within}) runs around the clock, so its steps do too: leave out "business"`,
      },
    ]
  const first = (target.steps ?? []).findIndex(({ name }) => name === step.name)
  return first < index ? [{ field: `${field}/name`, message: `there are two steps "${step.name}"` }] : []
}

/** Only whether a length can be read is asked here; how long a business day is, the calendar says. */
const WEEK = { timeZone: 'UTC', hours: {}, closed: {}, closedYearly: {}, breaks: {} }

async function checkReferences(app: App, r: PluginReader, policy: Policy): Promise<Mistake[]> {
  const { calendars } = app.tables
  const found = await r
    .select({ id: calendars.id })
    .from(calendars)
    .where(and(eq(calendars.id, policy.calendarId), isNull(calendars.deletedAt)))
  const known = {
    inboxIds: (await app.desk.inboxes(r)).map(({ id }) => id),
    teamIds: (await app.desk.teams(r)).map(({ id }) => id),
    segments: Object.keys(app.settings().segments),
  }
  const agents = new Set((await app.desk.agents(r)).filter(({ active }) => active).map(({ id }) => id))
  const actions = [...policy.targets, ...Object.values(policy.byPriority ?? {}).flatMap((one) => one ?? [])]
    .flatMap(({ steps = [] }) => steps)
    .flatMap(({ actions }) => actions)
  return [
    ...(found.length > 0 ? [] : [{ field: 'body/calendarId', message: 'there is no such calendar' }]),
    ...(['inboxIds', 'teamIds', 'segments'] as const).flatMap((list) =>
      (policy.when[list] ?? [])
        .filter((id) => !known[list].includes(id))
        .map((id) => ({ field: `body/when/${list}`, message: `there is no "${id}"` })),
    ),
    ...actions.flatMap((action) => checkAction(app, action, agents, known.teamIds)),
  ]
}

function checkAction(
  app: App,
  action: Action,
  agents: ReadonlySet<string>,
  teams: readonly string[],
): Mistake[] {
  const named = action.do === 'notify' && typeof action.who === 'object' ? action.who : action
  const problem = (message: string) => [{ field: 'body/targets', message: `action ${action.do}: ${message}` }]
  if ('agentId' in named && named.agentId !== null && !agents.has(named.agentId))
    return problem(`there is no active agent "${named.agentId}"`)
  if ('teamId' in named && named.teamId !== null && !teams.includes(named.teamId))
    return problem(`there is no team "${named.teamId}"`)
  if (action.do === 'action' && !actionsOf(app).has(action.name))
    return problem(`no plugin offers "${action.name}"`)
  return []
}
