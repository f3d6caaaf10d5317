// What an administrator can change beside calendars and policies.
import Type, { type Static } from 'typebox'

export const settings = Type.Object({
  botsAnswer: Type.Boolean({
    default: false,
    description: 'Whether the answer of a bot stops the timers of responses.',
  }),
  allowPrivateNetworks: Type.Boolean({
    default: false,
    description: 'Whether iCalendar feeds may stand in the own network.',
  }),
  spamTags: Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
    default: ['spam'],
    maxItems: 20,
    description: 'Tags by which a ticket is spam: its timers are cancelled while it has one of them.',
  }),
  segments: Type.Unsafe<Record<string, string[]>>({
    ...Type.Record(
      Type.String({ minLength: 1, maxLength: 100 }),
      Type.Array(Type.String({ minLength: 3, maxLength: 254, pattern: '@' }), { maxItems: 2000 }),
      { maxProperties: 100 },
    ),
    default: {},
    description:
      'Segments of requesters that policies can ask for: a name, and addresses (ann@guest.example) or domains (@guest.example).',
  }),
  digestMinutes: Type.Integer({
    default: 60,
    minimum: 5,
    maximum: 1440,
    description: 'Minutes between two digests of notices to an agent.',
  }),
})

export type Settings = Static<typeof settings>
