// Tickets: lists, one of them, its timeline.
import Type from 'typebox'
import { permissions } from '../../people/permissions.js'
import { readFilter, readRanges, readSort } from '../../tickets/field-queries.js'
import { listTickets } from '../../tickets/list.js'
import { readTimeline } from '../../tickets/timeline.js'
import { priorities, statuses } from '../../tickets/tokens.js'
import type { Routes } from '../context.js'
import { byId, instant, oneOf, page, pageQuery } from '../schemas.js'
import { ticketDetail, ticketFor, withFields } from './view.js'

const fieldName = '[a-z][a-z0-9-]*\\.[a-zA-Z0-9]+'
const fieldValue = (options = {}) =>
  Type.String({ maxLength: 300, pattern: `^${fieldName}:`, examples: ['hotel.room:12'], ...options })

const listQuery = Type.Object({
  ...pageQuery,
  // The value of a field stands in it.
  cursor: Type.Optional(Type.String({ maxLength: 6000 })),
  status: Type.Optional(
    Type.String({
      pattern: `^(${statuses.join('|')})(,(${statuses.join('|')}))*$`,
      description: 'One or several: `new,open`',
      examples: ['new,open'],
    }),
  ),
  priority: Type.Optional(oneOf(priorities)),
  assigneeId: Type.Optional(Type.String({ maxLength: 64, description: 'An agent, or `none`' })),
  teamId: Type.Optional(Type.String({ maxLength: 64 })),
  inboxId: Type.Optional(Type.String({ maxLength: 64 })),
  requesterId: Type.Optional(Type.String({ maxLength: 64 })),
  tag: Type.Optional(Type.String({ maxLength: 60 })),
  field: Type.Optional(
    Type.Array(fieldValue(), {
      maxItems: 5,
      description:
        'A field of a plugin and a value that it can have (`GET /api/fields`); several times: all of them',
      examples: [['hotel.room:12']],
    }),
  ),
  fieldFrom: Type.Optional(
    fieldValue({
      description: 'A text field of a plugin is this or later',
      examples: ['hotel.until:2026-03-03'],
    }),
  ),
  fieldBefore: Type.Optional(
    fieldValue({
      description: 'A text field of a plugin is before this',
      examples: ['hotel.until:2026-03-04'],
    }),
  ),
  updatedSince: Type.Optional(instant()),
  subject: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'Words of the subject, or their beginnings' }),
  ),
  sort: Type.Optional(
    Type.String({
      maxLength: 200,
      pattern: `^-?(created|updated|field:${fieldName})$`,
      description:
        '`created`, `updated` or a text field of a plugin, of which only tickets are listed that have it; `-`: the last one first',
      examples: ['-updated', 'field:hotel.until'],
    }),
  ),
})

export const ticketRoutes: Routes = (add, deps) => {
  const { db, desk } = deps

  add({
    method: 'GET',
    url: '/tickets',
    permission: permissions.ticketsRead,
    tag: 'Tickets',
    summary: 'List tickets, the newest first',
    query: listQuery,
    response: { 200: page('TicketItem') },
    async handler({
      who,
      query: { status, updatedSince, field = [], fieldFrom, fieldBefore, sort, ...query },
    }) {
      const found = await listTickets(db, who, {
        ...query,
        fields: field.map((one) => readFilter(desk.fields, one)),
        ranges: readRanges(desk.fields, fieldFrom, fieldBefore),
        ...(sort !== undefined && { sort: readSort(desk.fields, sort) }),
        ...(status !== undefined && { status: status.split(',') }),
        ...(updatedSince !== undefined && { updatedSince: new Date(updatedSince) }),
      })
      return withFields(db, desk, found)
    },
  })

  add({
    method: 'GET',
    url: '/tickets/:id',
    permission: permissions.ticketsRead,
    tag: 'Tickets',
    summary: 'A ticket with its people, messages and links',
    description: 'By id or number. The first 200 messages; `GET /api/tickets/:id/messages` reads on.',
    params: byId,
    response: { 200: Type.Ref('TicketDetail#') },
    handler: async ({ who, params }) => ticketDetail(db, who, await ticketFor(db, who, params.id)),
  })

  add({
    method: 'GET',
    url: '/tickets/:id/timeline',
    permission: permissions.ticketsRead,
    tag: 'Tickets',
    summary: 'What happened to a ticket, the oldest first',
    params: byId,
    query: Type.Object({
      limit: pageQuery.limit,
      cursor: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })),
    }),
    response: { 200: page('TimelineEntry') },
    async handler({ who, params, query: { limit = 50, cursor = '0' } }) {
      const ticket = await ticketFor(db, who, params.id)
      const rows = await readTimeline(db, ticket.id, Number(cursor), limit + 1)
      const items = rows.slice(0, limit)
      return { items, nextCursor: rows.length > limit ? String(items.at(-1)!.seq) : null }
    },
  })
}
