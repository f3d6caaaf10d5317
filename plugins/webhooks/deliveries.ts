// Routes for the delivery log: look, send again, try out.
import { and, count, desc, eq, lt, lte } from 'drizzle-orm'
import { type Caller, fail } from 'frontdesk/plugin'
import Type from 'typebox'
import { deliveryOf, endpointOf, visible } from './access.js'
import { replayed, startAnew } from './backlog.js'
import { type Context, PING, type ReplayData } from './context.js'
import { enqueue, newDeliveryId } from './fan-out.js'
import { beyond, makeCursor, readCursor } from './page.js'
import {
  byId,
  deliveryPage,
  deliveryQuery,
  deliveryShape,
  deliveryWithPayload,
  range,
  viewDelivery,
} from './shapes.js'
import type { Endpoint } from './tables.js'

export function deliveryRoutes(context: Context): void {
  const { app, jobs } = context
  const { deliveries } = app.tables

  app.route({
    method: 'GET',
    url: '/events',
    permission: app.permissions.read,
    summary: 'List the names of all events',
    response: { 200: Type.Object({ items: Type.Array(Type.String()), nextCursor: Type.Null() }) },
    handler: async () => ({ items: [...app.events()].sort(), nextCursor: null }),
  })
  app.route({
    method: 'GET',
    url: '/endpoints/:id/deliveries',
    permission: app.permissions.read,
    summary: 'The delivery log of a webhook, newest first',
    params: byId,
    query: deliveryQuery,
    response: { 200: deliveryPage },
    async handler({ who, params, query: { state, limit = 50, cursor } }) {
      const endpoint = await endpointOf(context, app.db, who, params.id)
      const rows = await app.db
        .select()
        .from(deliveries)
        .where(
          and(
            eq(deliveries.endpointId, endpoint.id),
            state && eq(deliveries.state, state),
            visible(context, who),
            cursor === undefined ? undefined : beyond(deliveries, lt, lte, readCursor(cursor)),
          ),
        )
        .orderBy(desc(deliveries.createdAt), desc(deliveries.id))
        .limit(limit + 1)
      const items = rows.slice(0, limit)
      return {
        items: items.map(viewDelivery),
        nextCursor: rows.length > limit ? makeCursor(items.at(-1)!) : null,
      }
    },
  })
  app.route({
    method: 'GET',
    url: '/deliveries/:id',
    permission: app.permissions.read,
    summary: 'Read one delivery with its payload',
    params: byId,
    response: { 200: deliveryWithPayload },
    async handler({ who, params }) {
      const { delivery } = await deliveryOf(context, app.db, who, params.id)
      const isReader = who.permissions.has('tickets:read')
      return { ...viewDelivery(delivery), payload: isReader ? JSON.parse(delivery.body) : null }
    },
  })
  app.route({
    method: 'POST',
    url: '/deliveries/:id/replay',
    permission: app.permissions.manage,
    summary: 'Send one delivery again, under the same id',
    params: byId,
    response: { 202: deliveryShape },
    handler: ({ who, params, write }) =>
      write(async (tx) => {
        const { delivery, endpoint } = await deliveryOf(context, tx, who, params.id)
        checkActive(endpoint)
        await startAnew(context, tx, delivery)
        return viewDelivery({ ...delivery, state: 'waiting', attempts: 0, nextAt: tx.now })
      }),
  })
  app.route({
    method: 'POST',
    url: '/endpoints/:id/replay',
    permission: app.permissions.manage,
    summary: 'Send all deliveries of a time again, or those that failed',
    params: byId,
    body: range,
    response: { 202: Type.Object({ matched: Type.Integer() }) },
    handler: ({ who, params, body, write }) =>
      write(async (tx) => {
        const endpoint = await endpointOf(context, tx, who, params.id)
        checkActive(endpoint)
        const data = replayOf(endpoint, who, body, tx.now)
        if (data.from >= data.to) throw fail('invalid_request', '`from` must lie before `to`.')
        const [found] = await tx.select({ matched: count() }).from(deliveries).where(replayed(context, data))
        await jobs.replay.schedule(tx, data)
        return { matched: found?.matched ?? 0 }
      }),
  })
  app.route({
    method: 'POST',
    url: '/endpoints/:id/ping',
    permission: app.permissions.manage,
    summary: 'Send a test, once, also to a webhook that is off',
    params: byId,
    response: { 202: deliveryShape },
    handler: ({ who, params, write }) =>
      write(async (tx) => {
        const endpoint = await endpointOf(context, tx, who, params.id)
        const ping = { id: newDeliveryId(), event: PING, at: tx.now, payload: {}, ticket: undefined }
        return viewDelivery((await enqueue(context, tx, endpoint, ping, false))!)
      }),
  })
}

function checkActive({ state }: Endpoint) {
  if (state !== 'active') throw fail('wrong_state', 'The webhook is not active: switch it on first.')
}

const replayOf = (
  { id: endpointId }: Endpoint,
  { inboxIds }: Caller,
  { from, to, failedOnly = false }: { from: string; to: string; failedOnly?: boolean },
  now: Date,
): ReplayData => ({
  endpointId,
  from: Date.parse(from),
  to: Date.parse(to),
  failedOnly,
  inboxIds,
  askedAt: now.getTime(),
})
