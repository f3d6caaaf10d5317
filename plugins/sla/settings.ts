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
  digestMinutes: Type.Integer({
    default: 60,
    minimum: 5,
    maximum: 1440,
    description: 'Minutes between two digests of notices to an agent.',
  }),
})

export type Settings = Static<typeof settings>
