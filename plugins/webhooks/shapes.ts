// What the API takes and shows.
import Type, { type Static, type TSchema } from 'typebox'
import type { Delivery, Endpoint } from './tables.js'

const strict = <T extends Parameters<typeof Type.Object>[0]>(properties: T) =>
  Type.Object(properties, { additionalProperties: false })
/** As `type: [..., 'null']`: a union would be tried branch by branch. */
const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [(schema as { type?: string }).type, 'null'] })
const instant = () => Type.String({ format: 'date-time' })
const texts = (maxLength: number, description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength }), { maxItems: 100, uniqueItems: true, description })

const input = {
  url: Type.String({ minLength: 1, maxLength: 2000, examples: ['https://hotel.example/hooks/frontdesk'] }),
  description: Type.String({ maxLength: 500 }),
  events: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    description: 'Names of events, or `*` for all. See GET /events.',
  }),
  inboxIds: texts(64, 'Only tickets of these inboxes; empty: all.'),
  teamIds: texts(64, 'Only tickets of these teams; empty: all.'),
  tags: texts(100, 'Only tickets with one of these tags; empty: all.'),
  statuses: Type.Array(
    Type.Unsafe<string>({ type: 'string', enum: ['new', 'open', 'pending', 'solved', 'closed'] }),
    { maxItems: 5, uniqueItems: true, description: 'Only tickets in one of these; empty: all.' },
  ),
  active: Type.Boolean({ description: 'Switching one on that was paused sends what was held.' }),
}

export const newEndpoint = strict({
  url: input.url,
  events: input.events,
  description: Type.Optional(input.description),
  inboxIds: Type.Optional(input.inboxIds),
  teamIds: Type.Optional(input.teamIds),
  tags: Type.Optional(input.tags),
  statuses: Type.Optional(input.statuses),
  active: Type.Optional(input.active),
})
export const endpointChanges = Type.Partial(newEndpoint, { additionalProperties: false })
export type EndpointInput = Static<typeof endpointChanges>

const shownEndpoint = {
  id: Type.String(),
  url: Type.String(),
  description: Type.String(),
  events: Type.Array(Type.String()),
  inboxIds: Type.Array(Type.String()),
  teamIds: Type.Array(Type.String()),
  tags: Type.Array(Type.String()),
  statuses: Type.Array(Type.String()),
  state: Type.String({ description: 'active, off (by a person) or paused (nothing arrived any more)' }),
  reason: orNull(Type.String({ description: 'Why it is paused.' })),
  failures: Type.Integer({ description: 'Failed tries since the last success.' }),
  failingSince: orNull(instant()),
  lastSuccessAt: orNull(instant()),
  dropped: Type.Integer({ description: 'Events that found no room while it was paused.' }),
  createdAt: instant(),
  updatedAt: instant(),
}
export const endpointShape = Type.Object(shownEndpoint)
export const endpointWithSecret = Type.Object({
  ...shownEndpoint,
  secret: Type.String({ description: 'Shown now and never again.', examples: ['whsec_…'] }),
})
export const endpointList = Type.Object({ items: Type.Array(endpointShape), nextCursor: Type.Null() })

const shownDelivery = {
  id: Type.String({ description: 'What the receiver gets as `webhook-id`, at every try.' }),
  endpointId: Type.String(),
  event: Type.String(),
  state: Type.String({ description: 'waiting, held, delivered or failed' }),
  attempts: Type.Integer(),
  status: orNull(Type.Integer({ description: 'HTTP status of the last answer.' })),
  answer: orNull(Type.String({ description: 'Its first bytes.' })),
  error: orNull(Type.String({ description: 'Why the last try failed.' })),
  durationMs: orNull(Type.Integer()),
  createdAt: instant(),
  triedAt: orNull(instant()),
  nextAt: orNull(instant()),
}
export const deliveryShape = Type.Object(shownDelivery)
export const deliveryWithPayload = Type.Object({
  ...shownDelivery,
  payload: Type.Unknown({ description: 'What is sent; null without the permission `tickets:read`.' }),
})
export const deliveryPage = Type.Object({
  items: Type.Array(deliveryShape),
  nextCursor: orNull(Type.String({ description: 'Give it as `cursor` to read on; null at the end.' })),
})

export const byId = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })
export const deliveryQuery = strict({
  state: Type.Optional(
    Type.Unsafe<Delivery['state']>({ type: 'string', enum: ['waiting', 'held', 'delivered', 'failed'] }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })),
  cursor: Type.Optional(Type.String({ maxLength: 300 })),
})
export const range = strict({
  from: instant(),
  to: instant(),
  failedOnly: Type.Optional(Type.Boolean({ default: false })),
})

/** Without the secrets, sealed as they are. */
export const viewEndpoint = ({ secret: _, oldSecret: __, oldSecretUntil: ___, ...endpoint }: Endpoint) =>
  endpoint
export const viewDelivery = ({ body: _, inboxId: __, since: ___, ...delivery }: Delivery) => delivery
