// One promise of a policy: how long, on which clock, what holds it up, and what happens on the way.
import Type, { type Static } from 'typebox'
import { metrics } from '../engine/timer.js'
import { oneOf } from '../shapes.js'

const id = () => Type.String({ minLength: 1, maxLength: 100 })
const strict = { additionalProperties: false }

const who = Type.Union([
  Type.Literal('assignee', { description: 'Whose ticket it is; its team where it is nobody’s.' }),
  Type.Literal('team'),
  Type.Object({ agentId: id() }, strict),
  Type.Object({ teamId: id() }, strict),
])

const action = Type.Union([
  Type.Object(
    {
      do: Type.Literal('notify'),
      who,
      how: Type.Optional(
        oneOf(['now', 'digest', 'list'], {
          description:
            'A mail at once (the default), with the next digest, or none; it is in the list of notices always.',
        }),
      ),
    },
    strict,
  ),
  Type.Object({ do: Type.Literal('assign'), agentId: Type.Union([id(), Type.Null()]) }, strict),
  Type.Object(
    {
      do: Type.Literal('priority'),
      to: oneOf(['low', 'normal', 'high', 'urgent', 'up']),
    },
    strict,
  ),
  Type.Object({ do: Type.Literal('tag'), tag: Type.String({ minLength: 1, maxLength: 50 }) }, strict),
  Type.Object({ do: Type.Literal('team'), teamId: Type.Union([id(), Type.Null()]) }, strict),
  Type.Object(
    {
      do: Type.Literal('action'),
      name: Type.String({ minLength: 3, maxLength: 100 }),
      data: Type.Optional(Type.Unknown()),
    },
    { ...strict, description: 'An action that a plugin offers.' },
  ),
])
export type Action = Static<typeof action>

const step = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 50, description: 'Names the step within its target.' }),
    at: Type.String({
      maxLength: 50,
      description:
        'From the deadline: `-60 business minutes` before it, `0 minutes` when it is missed, `2 hours` after it.',
    }),
    actions: Type.Array(action, { maxItems: 10 }),
  },
  strict,
)
export type Step = Static<typeof step>

export const target = Type.Object(
  {
    metric: oneOf(metrics),
    within: Type.String({
      maxLength: 50,
      description:
        '`4 hours`, `2 days`: around the clock. `30 business minutes`, `2 business days`: opening hours.',
    }),
    pauseWhile: Type.Optional(
      Type.Array(Type.String({ minLength: 3, maxLength: 60 }), {
        maxItems: 20,
        description:
          'Statuses, or tags as `tag:snoozed`, while which its clock stands still. Default: for resolution `pending`, `tag:snoozed` and `tag:third-party`, for others none.',
      }),
    ),
    steps: Type.Optional(
      Type.Array(step, {
        maxItems: 20,
        description: 'Default: the assignee is told when it is missed. An empty list: nobody is.',
      }),
    ),
  },
  strict,
)
export type Target = Static<typeof target>

export const stepsOf = ({ steps }: Target): readonly Step[] => steps ?? DEFAULT_STEPS

const DEFAULT_STEPS: readonly Step[] = [
  { name: 'missed', at: '0 minutes', actions: [{ do: 'notify', who: 'assignee' }] },
]
