// Who gets events, and what was sent.
import type { Kit } from 'frontdesk/plugin'

/** `off`: by a person. `paused`: by us, because nothing arrived there any more. */
export type EndpointState = 'active' | 'off' | 'paused'
/** `held`: waits until its endpoint is switched on again. */
export type DeliveryState = 'waiting' | 'held' | 'delivered' | 'failed'

export const tables = (c: Kit) => ({
  endpoints: c.table(
    'endpoints',
    {
      id: c.text().primaryKey(),
      url: c.text().notNull(),
      description: c.text().notNull(),
      /** Names, or `*` alone. */
      events: c.json<string[]>().notNull(),
      // Filters; an empty one lets everything through.
      inboxIds: c.json<string[]>().notNull(),
      teamIds: c.json<string[]>().notNull(),
      tags: c.json<string[]>().notNull(),
      statuses: c.json<string[]>().notNull(),
      state: c.text().notNull().$type<EndpointState>(),
      /** Why it is paused. */
      reason: c.text(),
      /** Sealed, like the one before, which still signs until `oldSecretUntil`. */
      secret: c.text().notNull(),
      oldSecret: c.text(),
      oldSecretUntil: c.instant(),
      /** Failed tries since the last success. */
      failures: c.int().notNull(),
      failingSince: c.instant(),
      lastSuccessAt: c.instant(),
      /** Events that found no room while it was paused. */
      dropped: c.int().notNull(),
      createdAt: c.instant().notNull(),
      updatedAt: c.instant().notNull(),
    },
    (t) => [c.index('endpoints_by_state').on(t.state)],
  ),
  deliveries: c.table(
    'deliveries',
    {
      /** Made of the endpoint and the event's job, so that an event handled twice is delivered once. */
      id: c.text().primaryKey(),
      endpointId: c.text().notNull(),
      event: c.text().notNull(),
      /** The inbox of the ticket: what agents with some inboxes see depends on it. */
      inboxId: c.text(),
      state: c.text().notNull().$type<DeliveryState>(),
      /** Byte for byte what every try sends. */
      body: c.text().notNull(),
      attempts: c.int().notNull(),
      /** When its tries began: at the event, or when a person asked for it again. */
      since: c.instant().notNull(),
      nextAt: c.instant(),
      // The last try.
      triedAt: c.instant(),
      status: c.int(),
      answer: c.text(),
      error: c.text(),
      durationMs: c.int(),
      createdAt: c.instant().notNull(),
    },
    (t) => [
      c.index('deliveries_by_endpoint').on(t.endpointId, t.createdAt, t.id),
      c.index('deliveries_by_state').on(t.endpointId, t.state, t.createdAt, t.id),
      c.index('deliveries_by_age').on(t.createdAt),
    ],
  ),
})

export type Tables = ReturnType<typeof tables>
export type Endpoint = Tables['endpoints']['$inferSelect']
export type Delivery = Tables['deliveries']['$inferSelect']
