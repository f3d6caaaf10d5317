// Tickets: list, read, create, change, merge.
import Type from 'typebox'
import { fail } from '../../errors.js'
import { permissions } from '../../people/permissions.js'
import type { Principal } from '../../people/principal.js'
import { logCall } from '../../tickets/call.js'
import { createTicket, ticketById } from '../../tickets/create.js'
import { readFilter, readRanges, readSort } from '../../tickets/field-queries.js'
import { listTickets } from '../../tickets/list.js'
import { mergeTickets } from '../../tickets/merge.js'
import { addNote } from '../../tickets/note.js'
import { reply } from '../../tickets/reply.js'
import { cleanTags } from '../../tickets/tags.js'
import { readTimeline } from '../../tickets/timeline.js'
import { priorities, statuses } from '../../tickets/tokens.js'
import { type TicketChanges, updateTicket } from '../../tickets/update.js'
import type { Routes } from '../context.js'
import {
  byId,
  id,
  instant,
  mailboxSchema,
  oneOf,
  orNull,
  page,
  pageQuery,
  prioritySchema,
  statusSchema,
  strict,
  version,
} from '../schemas.js'
import { callFields, callOf } from './call-fields.js'
import { checkReferences, requesterOf } from './ticket-references.js'
import { ticketDetail, ticketFor, ticketRow, withFields } from './view.js'

const subject = Type.String({ minLength: 1, maxLength: 500, examples: ['The shower is cold'] })
const tags = Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { maxItems: 50 })
export const bodyText = Type.String({ minLength: 1, maxLength: 500_000 })

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
    method: 'POST',
    url: '/tickets',
    permission: permissions.ticketsWrite,
    tag: 'Tickets',
    summary: 'Create a ticket, also on behalf of a contact',
    description:
      'With `note` it begins with a note, with `call` with a phone call (and is of the channel `phone`), with `message` with a message that is sent to the requester.',
    body: strict({
      subject,
      inboxId: id(),
      requesterId: Type.Optional(id()),
      requester: Type.Optional(mailboxSchema),
      priority: Type.Optional(prioritySchema),
      assigneeId: Type.Optional(orNull(id())),
      teamId: Type.Optional(orNull(id())),
      tags: Type.Optional(tags),
      note: Type.Optional(bodyText),
      call: Type.Optional(strict(callFields)),
      message: Type.Optional(bodyText),
    }),
    response: { 201: Type.Ref('TicketDetail#') },
    handler: async ({ who, body, write }) =>
      write(async (tx) => {
        const { note, call, message, requester, requesterId, ...fields } = body
        await checkReferences(tx, who, fields)
        if (message !== undefined && !who.permissions.has(permissions.ticketsReply.name))
          throw fail('forbidden')
        const ticket = await createTicket(tx, desk, actorOf(who), {
          ...fields,
          ...(fields.tags && { tags: cleanTags(fields.tags) }),
          channel: call ? 'phone' : 'email',
          requesterId: await requesterOf(tx, who, requesterId, requester),
        })
        const row = (await ticketById(tx, ticket.id))!
        if (call) await logCall(tx, desk, actorOf(who), row, callOf(call), 'body/call')
        if (note !== undefined) await addNote(tx, desk, actorOf(who), row, { text: note })
        const now = note === undefined && !call ? row : (await ticketById(tx, ticket.id))!
        if (message !== undefined) await reply(tx, desk, actorOf(who), now, { text: message })
        return ticketDetail(tx, who, (await ticketById(tx, ticket.id))!)
      }),
  })

  const changes = {
    subject: Type.Optional(subject),
    status: Type.Optional(statusSchema),
    priority: Type.Optional(prioritySchema),
    assigneeId: Type.Optional(orNull(id())),
    teamId: Type.Optional(orNull(id())),
    inboxId: Type.Optional(id()),
    tags: Type.Optional(tags),
  }

  add({
    method: 'PATCH',
    url: '/tickets/:id',
    permission: permissions.ticketsWrite,
    tag: 'Tickets',
    summary: 'Change a ticket',
    description:
      'With the `version` that was read; 409 with the current state when somebody else was faster.',
    params: byId,
    body: strict({ version, ...changes }),
    response: { 200: Type.Ref('Ticket#') },
    handler: async ({ who, params, body: { version, ...input }, write }) =>
      write(async (tx) => {
        const ticket = await ticketFor(tx, who, params.id)
        await checkReferences(tx, who, input)
        await updateTicket(tx, desk, actorOf(who), ticket, defined(input), version)
        return ticketRow(tx, (await ticketById(tx, ticket.id))!)
      }),
  })

  const action = (
    name: string,
    summary: string,
    body: ReturnType<typeof strict> | undefined,
    input: (body: never) => TicketChanges,
  ) =>
    add({
      method: 'POST',
      url: `/tickets/:id/${name}`,
      permission: permissions.ticketsWrite,
      tag: 'Tickets',
      summary,
      params: byId,
      ...(body && { body }),
      response: { 200: Type.Ref('Ticket#') },
      handler: async ({ who, params, body, write }) =>
        write(async (tx) => {
          const ticket = await ticketFor(tx, who, params.id)
          const change = input(body as never)
          await checkReferences(tx, who, change)
          await updateTicket(tx, desk, actorOf(who), ticket, change)
          return ticketRow(tx, (await ticketById(tx, ticket.id))!)
        }),
    })
  action('solve', 'Solve a ticket', undefined, () => ({ status: 'solved' }))
  action('reopen', 'Reopen a ticket', undefined, () => ({ status: 'open' }))
  action(
    'assign',
    'Assign a ticket to an agent, a team, or nobody',
    strict(
      { assigneeId: Type.Optional(orNull(id())), teamId: Type.Optional(orNull(id())) },
      { minProperties: 1 },
    ),
    (body: { assigneeId?: string | null; teamId?: string | null }) => body,
  )

  add({
    method: 'PUT',
    url: '/tickets/:id/tags',
    permission: permissions.ticketsWrite,
    tag: 'Tickets',
    summary: 'Replace the tags of a ticket',
    params: byId,
    body: strict({ tags }),
    response: { 200: Type.Ref('Ticket#') },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        const ticket = await ticketFor(tx, who, params.id)
        await updateTicket(tx, desk, actorOf(who), ticket, body)
        return ticketRow(tx, (await ticketById(tx, ticket.id))!)
      }),
  })

  add({
    method: 'POST',
    url: '/tickets/:id/merge',
    permission: permissions.ticketsWrite,
    tag: 'Tickets',
    summary: 'Merge this ticket into another',
    params: byId,
    body: strict({ into: id() }),
    response: { 200: Type.Ref('TicketDetail#') },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        const source = await ticketFor(tx, who, params.id)
        const target = await ticketFor(tx, who, body.into)
        await mergeTickets(tx, desk, actorOf(who), source, target)
        return ticketDetail(tx, who, (await ticketById(tx, target.id))!)
      }),
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

export const actorOf = (who: Principal) => ({ kind: 'agent', id: who.agentId }) as const

const defined = <T extends object>(input: T) =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as TicketChanges
