// What lists of tickets can be filtered and sorted by.
import Type from 'typebox'
import { oneOf } from './shapes.js'

const due = (description: string) => ({
  schema: Type.String({ format: 'date-time' }),
  description,
  readOnly: true,
})

export const fields = {
  due: due('The next due time of all timers that run'),
  state: {
    schema: oneOf(['running', 'warned', 'paused', 'breached', 'met']),
    description: 'The worst state of its timers',
    readOnly: true,
  },
  firstResponseDue: due('When the first response is due'),
  nextResponseDue: due('When the next response is due'),
  resolutionDue: due('When the resolution is due'),
  periodicUpdateDue: due('When the next update is due'),
  policy: {
    schema: Type.String({ maxLength: 200 }),
    description: 'Name of the policy that holds',
    readOnly: true,
  },
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
