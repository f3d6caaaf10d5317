// What lists of tickets can be filtered and sorted by.
import Type from 'typebox'
import { oneOf } from './shapes.js'

/** UTC with milliseconds: their order as text is their order in time. */
const instant = () => Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })

export const fields = {
  due: { schema: instant(), description: 'The next due time of all timers that run' },
  state: {
    schema: oneOf(['running', 'warned', 'paused', 'breached', 'met']),
    description: 'The worst state of its timers',
  },
  firstResponseDue: { schema: instant(), description: 'When the first response is due' },
  nextResponseDue: { schema: instant(), description: 'When the next response is due' },
  resolutionDue: { schema: instant(), description: 'When the resolution is due' },
  periodicUpdateDue: { schema: instant(), description: 'When the next update is due' },
  policy: { schema: Type.String({ maxLength: 200 }), description: 'Name of the policy that holds' },
} as const

export interface Fields {
  due: string | null
  state: 'running' | 'warned' | 'paused' | 'breached' | 'met' | null
  firstResponseDue: string | null
  nextResponseDue: string | null
  resolutionDue: string | null
  periodicUpdateDue: string | null
  policy: string | null
}
