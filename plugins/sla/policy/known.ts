// What policies name, and whether the desk has it: a condition that can never be met would be a policy that never holds.
import type { FieldView, PluginReader } from 'frontdesk/plugin'
import { actionsOf } from '../actions/service.js'
import type { App } from '../app.js'
import type { Mistake } from './check.js'
import { type Policy, targetsIn } from './policy.js'
import type { Action } from './target.js'

export interface Known {
  readonly inboxIds: readonly string[]
  readonly teamIds: readonly string[]
  readonly segments: readonly string[]
  readonly channels: readonly string[]
  readonly agentIds: readonly string[]
  readonly actions: readonly string[]
  readonly fields: ReadonlyMap<string, FieldView>
}

/** What there is of what these policies can name. */
export async function knownFor(app: App, r: PluginReader): Promise<Known> {
  const { desk } = app
  return {
    inboxIds: (await desk.inboxes(r)).map(({ id }) => id),
    teamIds: (await desk.teams(r)).map(({ id }) => id),
    segments: Object.keys(app.settings().segments),
    channels: desk.channels(),
    agentIds: (await desk.agents(r)).filter(({ active }) => active).map(({ id }) => id),
    actions: [...actionsOf(app).keys()],
    fields: new Map(desk.ticketFields().map((field) => [field.name, field])),
  }
}

/** @param at where the policy stands in the body. */
export function unknownIn(policy: Policy, known: Known, at: string): Mistake[] {
  return [
    ...(['inboxIds', 'teamIds', 'segments', 'channels'] as const).flatMap((list) =>
      (policy.when[list] ?? []).flatMap((id, i) =>
        known[list].includes(id)
          ? []
          : [{ field: `${at}/when/${list}/${i}`, message: `there is no "${id}"${BETTER[list](known)}` }],
      ),
    ),
    ...Object.entries(policy.when.fields ?? {}).flatMap(([name, value]) => {
      const message = fieldProblem(name, value, known.fields)
      return message === undefined ? [] : [{ field: `${at}/when/fields/${name}`, message }]
    }),
    ...targetsIn(policy, at).flatMap(([place, targets]) =>
      targets.flatMap(({ steps = [] }, i) =>
        steps.flatMap(({ actions }, j) =>
          actions.flatMap((action, k) =>
            actionProblem(action, known, `${place}/${i}/steps/${j}/actions/${k}`),
          ),
        ),
      ),
    ),
  ]
}

const listed = (names: readonly string[]) => (names.length > 0 ? `there are: ${names.join(', ')}` : '')

/** What to write instead, where there are names that people know. */
const BETTER = {
  inboxIds: () => '',
  teamIds: () => '',
  segments: ({ segments }: Known) => `; ${listed(segments) || 'the setting `sla.segments` is empty'}`,
  channels: ({ channels }: Known) => `; ${listed(channels)}`,
} as const

function fieldProblem(name: string, value: unknown, fields: Known['fields']): string | undefined {
  if (name.startsWith('sla.')) return 'is computed from the policies, and cannot choose one'
  const others = [...fields.keys()].filter((one) => !one.startsWith('sla.'))
  const field = fields.get(name)
  if (field) return field.problem(value)
  return `there is no such ticket field; ${listed(others) || 'no plugin that is on brings one'}`
}

function actionProblem(action: Action, known: Known, at: string): Mistake[] {
  const who = action.do === 'notify' && typeof action.who === 'object' ? action.who : undefined
  const named = who ?? action
  const problem = (name: string, message: string) => [{ field: `${at}/${who ? 'who/' : ''}${name}`, message }]
  if ('agentId' in named && named.agentId !== null && !known.agentIds.includes(named.agentId))
    return problem('agentId', `there is no active agent "${named.agentId}"`)
  if ('teamId' in named && named.teamId !== null && !known.teamIds.includes(named.teamId))
    return problem('teamId', `there is no team "${named.teamId}"`)
  if (action.do === 'action' && !known.actions.includes(action.name))
    return problem('name', `no plugin offers "${action.name}"; ${listed(known.actions) || 'none offers any'}`)
  return []
}
