// Contacts: whom the desk talks to. An agent sees those of tickets they may see, and those without any.
import { and, asc, eq, gt, gte, lt } from 'drizzle-orm'
import Type from 'typebox'
import type { Reader } from '../../db/types.js'
import { fail } from '../../errors.js'
import {
  canonicalAddress,
  createContact,
  readContact,
  readContacts,
  updateContact,
} from '../../people/contacts.js'
import { permissions } from '../../people/permissions.js'
import type { Principal } from '../../people/principal.js'
import { visibleContact } from '../../tickets/access.js'
import { listTickets } from '../../tickets/list.js'
import { endOfPrefix } from '../../tickets/words.js'
import type { Routes } from '../context.js'
import { pageOf, readCursor } from '../pages.js'
import { byId, identitySchema, orNull, page, pageQuery, strict, version } from '../schemas.js'
import { withFields } from './view.js'

const fields = {
  language: Type.Optional(
    orNull(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', maxLength: 35, examples: ['de'] })),
  ),
  notes: Type.Optional(Type.String({ maxLength: 20_000 })),
  identities: Type.Optional(Type.Array(identitySchema, { maxItems: 20 })),
}
const name = Type.String({ minLength: 1, maxLength: 200, examples: ['Ann Guest'] })

export const contactRoutes: Routes = (add, { db, desk }) => {
  add({
    method: 'GET',
    url: '/contacts',
    permission: permissions.contactsRead,
    tag: 'Contacts',
    summary: 'List contacts',
    query: Type.Object({
      ...pageQuery,
      email: Type.Optional(Type.String({ maxLength: 254, description: 'Exactly this address' })),
      name: Type.Optional(
        Type.String({ minLength: 1, maxLength: 200, description: 'Beginning of the name' }),
      ),
    }),
    response: { 200: page('Contact') },
    async handler({ who, query: { limit = 50, cursor, email, name } }) {
      const { contacts, identities } = db.t
      const after = readCursor(cursor)
      const rows = await db
        .selectDistinct({ id: contacts.id })
        .from(contacts)
        .leftJoin(identities, eq(identities.contactId, contacts.id))
        .where(
          and(
            after === undefined ? undefined : gt(contacts.id, after),
            email === undefined
              ? undefined
              : and(eq(identities.kind, 'email'), eq(identities.value, canonicalAddress(email))),
            name === undefined
              ? undefined
              : and(gte(contacts.name, name), lt(contacts.name, endOfPrefix(name))),
            visibleContact(db, who),
          ),
        )
        .orderBy(asc(contacts.id))
        .limit(limit + 1)
      const { items, nextCursor } = pageOf(rows, limit)
      const full = await readContacts(
        db,
        items.map(({ id }) => id),
      )
      return { items: full.sort((a, b) => (a.id < b.id ? -1 : 1)), nextCursor }
    },
  })

  add({
    method: 'POST',
    url: '/contacts',
    permission: permissions.contactsWrite,
    tag: 'Contacts',
    summary: 'Create a contact',
    body: strict({ name, ...fields }),
    response: { 201: Type.Ref('Contact#') },
    handler: async ({ body, write }) =>
      write(async (tx) =>
        readContact(tx, await createContact(tx, body as Parameters<typeof createContact>[1])),
      ),
  })

  add({
    method: 'GET',
    url: '/contacts/:id',
    permission: permissions.contactsRead,
    tag: 'Contacts',
    summary: 'One contact',
    params: byId,
    response: { 200: Type.Ref('Contact#') },
    async handler({ who, params }) {
      await checkVisible(db, who, params.id)
      return readContact(db, params.id)
    },
  })

  add({
    method: 'PATCH',
    url: '/contacts/:id',
    permission: permissions.contactsWrite,
    tag: 'Contacts',
    summary: 'Change a contact',
    description: '`identities` replaces all of them.',
    params: byId,
    body: strict({ version, name: Type.Optional(name), ...fields }),
    response: { 200: Type.Ref('Contact#') },
    handler: async ({ who, params, body: { version, ...input }, write }) =>
      write(async (tx) => {
        await checkVisible(tx, who, params.id)
        await updateContact(tx, params.id, version, input as Parameters<typeof updateContact>[3])
        return readContact(tx, params.id)
      }),
  })

  add({
    method: 'GET',
    url: '/contacts/:id/tickets',
    permission: permissions.contactsRead,
    tag: 'Contacts',
    summary: 'Tickets that a contact opened, the newest first',
    params: byId,
    query: Type.Object(pageQuery),
    response: { 200: page('TicketItem') },
    async handler({ who, params, query }) {
      await checkVisible(db, who, params.id)
      if (!who.permissions.has(permissions.ticketsRead.name)) throw fail('forbidden')
      return withFields(db, desk, await listTickets(db, who, { ...query, requesterId: params.id }))
    },
  })
}

async function checkVisible(r: Reader, who: Principal, id: string) {
  const { contacts } = r.t
  const [row] = await r
    .select({ id: contacts.id })
    .from(contacts)
    .where(and(eq(contacts.id, id), visibleContact(r, who)))
  if (!row) throw fail('not_found')
}
