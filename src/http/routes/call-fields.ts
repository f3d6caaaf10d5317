// A phone call as a request says it, on its own or with the ticket that it opens.
import Type from 'typebox'
import type { CallInput } from '../../tickets/call.js'
import { instant, oneOf } from '../schemas.js'

const DAY_SECONDS = 86_400

export const callFields = {
  direction: oneOf(['in', 'out'] as const, { description: 'in: they called the desk' }),
  answered: Type.Boolean({ description: 'Somebody was reached' }),
  startedAt: Type.Optional(
    instant({
      description:
        'Not in the future and not more than 30 days ago; left out: so long ago that it has ended now',
    }),
  ),
  seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: DAY_SECONDS, description: 'How long it took' })),
  text: Type.Optional(Type.String({ maxLength: 500_000, description: 'What was said' })),
}

interface Body extends Omit<CallInput, 'startedAt'> {
  startedAt?: string
}

export const callOf = ({ startedAt, ...rest }: Body): CallInput => ({
  ...rest,
  ...(startedAt !== undefined && { startedAt: new Date(startedAt) }),
})
