// What a policy is: for which tickets, by which calendar, with which targets. Its place in the list decides.
import Type, { type Static } from 'typebox'
import { oneOf } from '../shapes.js'
import { type Target, target } from './target.js'

export const priorities = ['low', 'normal', 'high', 'urgent'] as const
export type Priority = (typeof priorities)[number]

const names = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 200, description }),
  )
const targets = Type.Array(target, { maxItems: 4 })
const priority = oneOf(priorities)

export const conditions = Type.Object(
  {
    inboxIds: names('Inboxes of the ticket.'),
    teamIds: names('Teams that the ticket belongs to.'),
    priorities: Type.Optional(Type.Array(priority, { minItems: 1, maxItems: 4 })),
    tags: names('Tags, of which the ticket has one.'),
    channels: names('Channels by which the ticket came.'),
    segments: names('Names of `sla.segments` that the requester belongs to.'),
    fields: Type.Optional(
      Type.Record(
        Type.String({ minLength: 3, maxLength: 100 }),
        Type.Union([Type.String({ maxLength: 500 }), Type.Number(), Type.Boolean()]),
        { maxProperties: 20, description: 'Ticket fields and the value each must have.' },
      ),
    ),
  },
  { additionalProperties: false, description: 'All that is given must fit. Nothing given: every ticket.' },
)

const shape = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  enabled: Type.Boolean({ description: 'Off: its timers are cancelled and new tickets pass it by.' }),
  calendarId: Type.String({ minLength: 1, maxLength: 100, description: 'Whose opening hours count.' }),
  when: conditions,
  targets: Type.Unsafe<Static<typeof targets>>({
    ...targets,
    description: 'For each priority that has no targets of its own.',
  }),
  byPriority: Type.Optional(
    Type.Object(
      {
        low: Type.Optional(targets),
        normal: Type.Optional(targets),
        high: Type.Optional(targets),
        urgent: Type.Optional(targets),
      },
      { additionalProperties: false, description: 'Targets of one priority, instead of `targets`.' },
    ),
  ),
}

const given = { ...shape, enabled: Type.Optional(shape.enabled), when: Type.Optional(shape.when) }
export const newPolicy = Type.Object(
  {
    ...given,
    position: Type.Optional(Type.Integer({ minimum: 1, description: 'From 1; default: the last.' })),
  },
  { additionalProperties: false },
)
/** One to be tried, new or as it is in the list. */
export const triedPolicy = Type.Object(
  { ...given, id: Type.Optional(Type.String()), version: Type.Optional(Type.Integer()) },
  { additionalProperties: false },
)
export const policyChanges = Type.Object(
  {
    version: Type.Integer({ description: 'The version that was seen.' }),
    name: Type.Optional(shape.name),
    enabled: Type.Optional(shape.enabled),
    calendarId: Type.Optional(shape.calendarId),
    when: Type.Optional(shape.when),
    targets: Type.Optional(shape.targets),
    byPriority: shape.byPriority,
  },
  { additionalProperties: false },
)

export const policy = Type.Object({ id: Type.String(), version: Type.Integer(), ...shape })
export type Policy = Static<typeof policy>
export type Conditions = Static<typeof conditions>
export type NewPolicy = Static<typeof newPolicy>
export type PolicyChanges = Static<typeof policyChanges>

/** What was left out: it is on, and holds for every ticket. */
export const filledIn = <Given extends { enabled?: boolean; when?: Conditions }>(given: Given) => ({
  ...given,
  enabled: given.enabled ?? true,
  when: given.when ?? {},
})

export const targetsFor = (policy: Policy, priority: Priority) =>
  policy.byPriority?.[priority] ?? policy.targets

/** All its lists of targets, each with its place in the body. */
export const targetsIn = ({ targets, byPriority }: Policy, at: string): [string, readonly Target[]][] => [
  [`${at}/targets`, targets],
  ...Object.entries(byPriority ?? {}).map(([priority, some]): [string, readonly Target[]] => [
    `${at}/byPriority/${priority}`,
    some ?? [],
  ]),
]
