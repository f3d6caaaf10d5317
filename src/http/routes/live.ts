// Live updates: the stream itself, and the one-time keys with which a browser opens it.
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { fail } from '../../errors.js'
import { createLiveTicket, isLiveTicket, takeLiveTicket } from '../../people/live-tickets.js'
import { permissions } from '../../people/permissions.js'
import { timelineTypes } from '../../tickets/timeline.js'
import type { Routes } from '../context.js'
import { instant } from '../schemas.js'

const oneType = `(${timelineTypes.join('|')})`

const liveQuery = Type.Object({
  inboxId: Type.Optional(Type.String({ maxLength: 64, description: 'Only tickets of this inbox' })),
  ticketId: Type.Optional(Type.String({ maxLength: 64, description: 'Only this ticket; by id' })),
  types: Type.Optional(
    Type.String({
      pattern: `^${oneType}(,${oneType}){0,20}$`,
      description: 'Only entries of these types: `message_received,note_added`',
    }),
  ),
  since: Type.Optional(
    Type.String({
      maxLength: 1000,
      pattern: '^[\\d.]+$',
      description: 'The id of the last event, where the header `Last-Event-ID` cannot be sent',
    }),
  ),
  ticket: Type.Optional(
    Type.String({ maxLength: 100, pattern: '^fl_', description: 'From `POST /api/live/tickets`' }),
  ),
})

const eventStream = Type.Unsafe<string>({
  description: 'Events, as long as the connection lasts',
  content: { 'text/event-stream': { schema: { type: 'string' } } },
})

const description = [
  'Server-Sent Events without an end. `timeline`: something happened to a ticket that the agent may see: `seq type',
  'ticketId ticketNumber at actor messageId changes`, never the text of a message. `ready`: all that came after the',
  'given id was sent, from here on it is live. `reset`: the id is unknown or too old, load everything anew. `end`: with',
  'its `reason`. Send the last id as `Last-Event-ID` (or `since`) to go on: every entry comes at least once, `seq` tells',
  'repeats.',
].join(' ')

export const liveRoutes: Routes = (add, { config, db, live, principals }) => {
  const origin = new URL(config.url).origin

  /** By a one-time key where no header was sent. */
  async function authenticate({ headers, query }: FastifyRequest) {
    // A page of another site can make a browser open a stream; it must not even use up the key.
    if (headers.origin !== undefined && headers.origin !== origin)
      throw fail('forbidden', `Live updates are for pages of ${origin} (FRONTDESK_URL).`)
    const { ticket } = query as { ticket?: unknown }
    if (headers.authorization !== undefined || !isLiveTicket(ticket)) return undefined
    const tokenId = await db.transaction((tx) => takeLiveTicket(tx, ticket))
    const who = tokenId && (await principals.load([tokenId])).get(tokenId)
    if (!who) throw fail('unauthenticated', 'The ticket is unknown, was used, or is older than 30 seconds.')
    return who
  }

  add({
    method: 'GET',
    url: '/live',
    permission: permissions.ticketsRead,
    tag: 'Live updates',
    summary: 'What happens to tickets, as it happens',
    description,
    query: liveQuery,
    response: { 200: eventStream },
    endless: true,
    authenticate,
    async handler({ who, query: { inboxId, ticketId, types, since }, request, reply }) {
      const last = request.headers['last-event-id']
      const cursor = since ?? (typeof last === 'string' && last !== '' ? last : undefined)
      const body = live.open(who, { inboxId, ticketId, types: types?.split(',') }, cursor)
      return reply
        .type('text/event-stream; charset=utf-8')
        .headers({
          'cache-control': 'no-store, no-transform',
          // nginx would collect the events, and deliver them together.
          'x-accel-buffering': 'no',
          connection: 'close',
        })
        .send(body)
    },
  })

  add({
    method: 'POST',
    url: '/live/tickets',
    permission: permissions.ticketsRead,
    tag: 'Live updates',
    summary: 'A one-time key to open live updates from a browser',
    description:
      'For `EventSource`, which can send no header: `GET /api/live?ticket=…`. Used once, within 30 seconds, so the browser’s own reconnect is refused: open it anew with a new ticket and the last id as `since`. The stream ends with the token of this request.',
    response: {
      201: Type.Object({ ticket: Type.String({ examples: ['fl_…'] }), expiresAt: instant() }),
    },
    handler: ({ who, write }) => write((tx) => createLiveTicket(tx, who.tokenId)),
  })
}
