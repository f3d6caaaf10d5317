// The routes of an agent's own notices.
import { fail } from 'frontdesk/plugin'
import Type from 'typebox'
import type { App } from '../app.js'
import { instant, orNull } from '../shapes.js'
import { markRead, noticesPage } from './list.js'

const notice = Type.Object({
  id: Type.String(),
  ticketId: Type.String(),
  number: Type.Integer(),
  text: Type.String(),
  at: instant(),
  readAt: orNull(instant()),
})

export function noticeRoutes(app: App): void {
  app.route({
    method: 'GET',
    url: '/notices',
    permission: 'any',
    summary: 'What one was told of: unread first, newest first',
    query: Type.Object(
      {
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })),
        cursor: Type.Optional(Type.String({ maxLength: 200 })),
      },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ items: Type.Array(notice), nextCursor: orNull(Type.String()) }) },
    async handler({ query: { limit = 50, cursor }, who }) {
      const { items, nextCursor } = await noticesPage(app, who.agentId, limit, cursor)
      return {
        items: items.map((row) => ({
          ...row,
          at: row.at.toISOString(),
          readAt: row.readAt?.toISOString() ?? null,
        })),
        nextCursor,
      }
    },
  })
  app.route({
    method: 'POST',
    url: '/notices/read',
    permission: 'any',
    summary: 'Mark some of them, or all, as read',
    body: Type.Object(
      {
        ids: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { minItems: 1, maxItems: 200 })),
        all: Type.Optional(Type.Literal(true)),
      },
      { additionalProperties: false },
    ),
    response: { 200: Type.Object({ read: Type.Integer({ description: 'How many were unread.' }) }) },
    async handler({ body, who, write }) {
      if ((body.ids === undefined) === (body.all === undefined))
        throw fail('invalid_request', 'Give either `ids` or `all`.')
      return write(async (tx) => ({ read: await markRead(app, tx, who.agentId, body) }))
    },
  })
}
