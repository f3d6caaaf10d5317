// Inboxes: the addresses whose mail becomes tickets.
import { asc, eq } from 'drizzle-orm'
import Type from 'typebox'
import type { InboxOptions } from '../../db/tables/intake.js'
import type { Reader } from '../../db/types.js'
import { fail } from '../../errors.js'
import { permissions } from '../../people/permissions.js'
import type { Principal } from '../../people/principal.js'
import { createInbox, type Inbox, inboxById } from '../../tickets/inboxes.js'
import type { HttpDeps, Routes } from '../context.js'
import { byId, strict } from '../schemas.js'
import { all, list, title } from './desk-common.js'

const inboxOptions = strict({
  plusAddress: Type.Optional(
    Type.Boolean({
      description: 'Reply addresses carry a signed token; the mail server must deliver inbox+…@',
    }),
  ),
  reopenDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 3650 })),
  relay: Type.Optional(Type.Boolean({ description: 'Reply-To replaces From: for web forms' })),
  authHost: Type.Optional(
    Type.String({ maxLength: 253, description: 'Host whose Authentication-Results are believed' }),
  ),
  fromName: Type.Optional(title),
  undoSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 600 })),
  smtp: Type.Optional(
    Type.String({
      maxLength: 1000,
      pattern: '^(smtps?://[^\\s]+|\\*\\*\\*)$',
      description: 'smtp://user:password@host:port; shown as ***',
    }),
  ),
  requireTls: Type.Optional(Type.Boolean()),
})

const MASK = '***'
const shown = (inbox: Inbox) => ({
  ...inbox,
  options: { ...inbox.options, ...(inbox.options.smtp && { smtp: MASK }) },
})

/** Secrets are sealed; the mask sent back leaves the old one in place. */
function sealed(deps: HttpDeps, options: InboxOptions, old: InboxOptions = {}): InboxOptions {
  const { smtp, ...rest } = options
  const kept = smtp === undefined ? undefined : smtp === MASK ? old.smtp : deps.desk.secrets.seal(smtp)
  return { ...rest, ...(kept !== undefined && { smtp: kept }) }
}

export const inboxRoutes: Routes = (add, deps) => {
  const { db } = deps
  add({
    method: 'GET',
    url: '/inboxes',
    permission: permissions.deskRead,
    tag: 'Desk',
    summary: 'List inboxes',
    response: { 200: all('Inbox') },
    async handler({ who }) {
      const rows = await db.select().from(db.t.inboxes).orderBy(asc(db.t.inboxes.address))
      return list(rows.filter((row) => who.inboxIds === null || who.inboxIds.includes(row.id)).map(shown))
    },
  })
  add({
    method: 'POST',
    url: '/inboxes',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Create an inbox',
    body: strict({
      address: Type.String({
        maxLength: 200,
        pattern: "^[A-Za-z0-9.!#$%&'*+=?^_`{|}~-]+@[A-Za-z0-9.-]+$",
        examples: ['reception@hotel.example'],
      }),
      name: Type.Optional(title),
      group: Type.Optional(title),
      options: Type.Optional(inboxOptions),
    }),
    response: { 201: Type.Ref('Inbox#') },
    handler: async ({ body, write }) =>
      write(async (tx) => {
        const { options, ...input } = body
        return shown(
          await createInbox(tx, {
            ...(input as { address: string }),
            options: sealed(deps, (options ?? {}) as InboxOptions),
          }),
        )
      }),
  })
  add({
    method: 'GET',
    url: '/inboxes/:id',
    permission: permissions.deskRead,
    tag: 'Desk',
    summary: 'One inbox',
    params: byId,
    response: { 200: Type.Ref('Inbox#') },
    handler: async ({ who, params }) => shown(await inboxFor(db, who, params.id)),
  })
  add({
    method: 'PATCH',
    url: '/inboxes/:id',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Change an inbox; `options` replaces all of them',
    params: byId,
    body: strict({
      name: Type.Optional(title),
      group: Type.Optional(title),
      options: Type.Optional(inboxOptions),
    }),
    response: { 200: Type.Ref('Inbox#') },
    handler: async ({ who, params, body, write }) =>
      write(async (tx) => {
        await tx.lock(`inbox ${params.id}`)
        const inbox = await inboxFor(tx, who, params.id)
        const { options, name = inbox.name, group = inbox.group } = body
        const changes = {
          name,
          group,
          options: options ? sealed(deps, options as InboxOptions, inbox.options) : inbox.options,
        }
        await tx.update(tx.t.inboxes).set(changes).where(eq(tx.t.inboxes.id, inbox.id))
        return shown({ ...inbox, ...changes })
      }),
  })
}

async function inboxFor(r: Reader, who: Principal, id: string): Promise<Inbox> {
  const inbox = await inboxById(r, id)
  if (!inbox || (who.inboxIds !== null && !who.inboxIds.includes(inbox.id))) throw fail('not_found')
  return inbox
}
