// Roles: what agents may do.
import { asc, eq } from 'drizzle-orm'
import Type from 'typebox'
import { newId } from '../../clock.js'
import { fail, unknownReference } from '../../errors.js'
import { permissions } from '../../people/permissions.js'
import type { Routes } from '../context.js'
import { byId, strict } from '../schemas.js'
import { all, list, title, unique } from './desk-common.js'

export const roleRoutes: Routes = (add, { db, permissions: known }) => {
  const names = Type.Array(Type.String({ maxLength: 100 }), { maxItems: 500, uniqueItems: true })
  const check = (wanted: readonly string[] | undefined) => {
    const unknown = wanted?.find((one) => !known.some(({ name }) => name === one))
    if (unknown !== undefined) throw unknownReference('permissions', unknown)
  }
  add({
    method: 'GET',
    url: '/roles',
    permission: permissions.deskRead,
    tag: 'Desk',
    summary: 'List roles',
    response: { 200: all('Role') },
    handler: async () => list(await db.select().from(db.t.roles).orderBy(asc(db.t.roles.name))),
  })
  add({
    method: 'GET',
    url: '/permissions',
    permission: permissions.deskRead,
    tag: 'Desk',
    summary: 'Every permission there is',
    response: {
      200: Type.Object({
        items: Type.Array(Type.Object({ name: Type.String(), description: Type.String() })),
        nextCursor: Type.Null(),
      }),
    },
    handler: async () => list([...known]),
  })
  add({
    method: 'POST',
    url: '/roles',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Create a role',
    body: strict({ name: title, permissions: names, allInboxes: Type.Boolean() }),
    response: { 201: Type.Ref('Role#') },
    handler: async ({ body, write }) =>
      write(async (tx) => {
        check(body.permissions)
        const row = { id: newId(), ...body }
        await unique(tx, 'name', () => tx.insert(tx.t.roles).values(row))
        return row
      }),
  })
  add({
    method: 'PATCH',
    url: '/roles/:id',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Change a role',
    params: byId,
    body: strict({
      name: Type.Optional(title),
      permissions: Type.Optional(names),
      allInboxes: Type.Optional(Type.Boolean()),
    }),
    response: { 200: Type.Ref('Role#') },
    handler: async ({ params, body, write }) =>
      write(async (tx) => {
        check(body.permissions)
        const { roles } = tx.t
        await tx.lock('roles')
        const [role] = await tx.select().from(roles).where(eq(roles.id, params.id))
        if (!role) throw fail('not_found')
        if (role.name === 'admin')
          throw fail(
            'wrong_state',
            'The role "admin" cannot be changed: somebody must be able to undo the rest.',
          )
        const changes = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
        if (Object.keys(changes).length > 0)
          await unique(tx, 'name', () => tx.update(roles).set(changes).where(eq(roles.id, role.id)))
        tx.announce('people')
        return { ...role, ...changes }
      }),
  })
}
