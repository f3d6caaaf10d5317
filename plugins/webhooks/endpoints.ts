// Routes for endpoints: who gets which events.
import { and, asc, eq } from 'drizzle-orm'
import { after, DAY, fail, newId, type PluginTx } from 'frontdesk/plugin'
import { endpointOf, reaches } from './access.js'
import { check, checkReach } from './check.js'
import type { Context } from './context.js'
import { noticeKey } from './record.js'
import {
  byId,
  type EndpointInput,
  endpointChanges,
  endpointList,
  endpointShape,
  endpointWithSecret,
  newEndpoint,
  viewEndpoint,
} from './shapes.js'
import { newSecret } from './sign.js'
import type { Endpoint } from './tables.js'

/** Every event reads all of them. */
const MOST_ENDPOINTS = 100

export function endpointRoutes(context: Context): void {
  const { app, jobs } = context
  const { endpoints } = app.tables

  app.route({
    method: 'GET',
    url: '/endpoints',
    permission: app.permissions.read,
    summary: 'List webhooks',
    response: { 200: endpointList },
    async handler({ who }) {
      const rows = await app.db.select().from(endpoints).orderBy(asc(endpoints.id))
      return { items: rows.filter((row) => reaches(who, row)).map(viewEndpoint), nextCursor: null }
    },
  })
  app.route({
    method: 'POST',
    url: '/endpoints',
    permission: app.permissions.manage,
    summary: 'Create a webhook; the answer holds its secret, this once',
    body: newEndpoint,
    response: { 201: endpointWithSecret },
    handler: ({ who, body, write }) =>
      write(async (tx) => {
        await check(context, tx, who, body)
        const all = await tx.select({ id: endpoints.id }).from(endpoints)
        if (all.length >= MOST_ENDPOINTS) throw fail('wrong_state', `There are ${MOST_ENDPOINTS} already.`)
        const secret = newSecret()
        const row = blank(tx, app.seal(secret), body)
        checkReach(who, row)
        await tx.insert(endpoints).values(row)
        return { ...viewEndpoint(row), secret }
      }),
  })
  app.route({
    method: 'GET',
    url: '/endpoints/:id',
    permission: app.permissions.read,
    summary: 'Read a webhook',
    params: byId,
    response: { 200: endpointShape },
    handler: async ({ who, params }) => viewEndpoint(await endpointOf(context, app.db, who, params.id)),
  })
  app.route({
    method: 'PATCH',
    url: '/endpoints/:id',
    permission: app.permissions.manage,
    summary: 'Change a webhook, switch it off, or on again',
    params: byId,
    body: endpointChanges,
    response: { 200: endpointShape },
    handler: ({ who, params, body, write }) =>
      write(async (tx) => {
        const endpoint = await endpointOf(context, tx, who, params.id)
        await check(context, tx, who, body)
        const changes = changesOf(tx, endpoint, body)
        const now = { ...endpoint, ...changes }
        checkReach(who, now)
        await tx.update(endpoints).set(changes).where(eq(endpoints.id, endpoint.id))
        if (now.state !== 'paused') await app.clearNotice(tx, noticeKey(endpoint.id))
        if (now.state === 'active' && endpoint.state !== 'active')
          await jobs.release.schedule(tx, { endpointId: endpoint.id }, { key: endpoint.id })
        return viewEndpoint(now)
      }),
  })
  app.route({
    method: 'DELETE',
    url: '/endpoints/:id',
    permission: app.permissions.manage,
    summary: 'Delete a webhook with its log; what waits is not sent any more',
    params: byId,
    response: { 204: null },
    handler: ({ who, params, write }) =>
      write(async (tx) => {
        const { id: endpointId } = await endpointOf(context, tx, who, params.id)
        await tx.delete(endpoints).where(eq(endpoints.id, endpointId))
        await app.clearNotice(tx, noticeKey(endpointId))
        await jobs.forget.schedule(tx, { endpointId })
      }),
  })
  app.route({
    method: 'POST',
    url: '/endpoints/:id/secret',
    permission: app.permissions.manage,
    summary: 'Make a new secret; for 24 hours the old one signs too',
    params: byId,
    response: { 200: endpointWithSecret },
    handler: ({ who, params, write }) =>
      write(async (tx) => {
        const endpoint = await endpointOf(context, tx, who, params.id)
        const secret = newSecret()
        const changes = {
          secret: app.seal(secret),
          oldSecret: endpoint.secret,
          oldSecretUntil: after(tx.now, DAY),
          updatedAt: tx.now,
        }
        const changed = await tx
          .update(endpoints)
          .set(changes)
          .where(and(eq(endpoints.id, endpoint.id), eq(endpoints.secret, endpoint.secret)))
          .returning({ id: endpoints.id })
        // Otherwise the secret that was made first would be shown and not be in use.
        if (changed.length === 0) throw fail('wrong_state', 'Somebody else has made a new secret just now.')
        return { ...viewEndpoint({ ...endpoint, ...changes }), secret }
      }),
  })
}

const blank = (
  { now }: PluginTx,
  secret: string,
  { active = true, ...input }: EndpointInput & Pick<Endpoint, 'url' | 'events'>,
): Endpoint => ({
  id: newId(),
  description: '',
  inboxIds: [],
  teamIds: [],
  tags: [],
  statuses: [],
  ...input,
  state: active ? 'active' : 'off',
  reason: null,
  secret,
  oldSecret: null,
  oldSecretUntil: null,
  failures: 0,
  failingSince: null,
  lastSuccessAt: null,
  dropped: 0,
  createdAt: now,
  updatedAt: now,
})

/** Another URL, or being switched on, is a new beginning: what failed before says nothing about it. */
function changesOf({ now }: PluginTx, endpoint: Endpoint, { active, ...input }: EndpointInput) {
  const state = active === undefined ? endpoint.state : active ? 'active' : 'off'
  const isAnew =
    (state === 'active' && endpoint.state !== 'active') ||
    (input.url !== undefined && input.url !== endpoint.url)
  return {
    ...input,
    state,
    updatedAt: now,
    ...(state !== 'paused' && { reason: null }),
    ...(isAnew && { failures: 0, failingSince: null, dropped: 0 }),
  } satisfies Partial<Endpoint>
}
