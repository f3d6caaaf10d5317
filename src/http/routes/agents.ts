// Agents: who works at the desk.
import { asc, eq } from 'drizzle-orm'
import Type from 'typebox'
import { newId } from '../../clock.js'
import type { Tx } from '../../db/types.js'
import { fail, unknownReference } from '../../errors.js'
import { hashPassword } from '../../people/passwords.js'
import { permissions } from '../../people/permissions.js'
import type { HttpDeps, Routes } from '../context.js'
import { byId, id, strict } from '../schemas.js'
import { all, list, title, unique } from './desk-common.js'

export const agentRoutes: Routes = (add, { db }) => {
  const email = Type.String({
    minLength: 3,
    maxLength: 254,
    pattern: '^[^\\s@]+@[^\\s@]+$',
    examples: ['mia@hotel.example'],
  })
  const password = Type.String({ minLength: 12, maxLength: 1000, description: 'At least twelve characters' })
  const bare = ({ passwordHash: _, ...agent }: HttpDeps['db']['t']['agents']['$inferSelect']) => agent

  add({
    method: 'GET',
    url: '/agents',
    permission: permissions.deskRead,
    tag: 'Desk',
    summary: 'List agents',
    response: { 200: all('Agent') },
    handler: async () => list((await db.select().from(db.t.agents).orderBy(asc(db.t.agents.name))).map(bare)),
  })
  add({
    method: 'POST',
    url: '/agents',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Create an agent',
    body: strict({ name: title, email, roleId: id(), password: Type.Optional(password) }),
    response: { 201: Type.Ref('Agent#') },
    async handler({ body, write }) {
      const passwordHash = body.password === undefined ? null : await hashPassword(body.password)
      return write(async (tx) => {
        await checkRole(tx, body.roleId)
        const row = {
          id: newId(),
          name: body.name,
          email: body.email.toLowerCase(),
          roleId: body.roleId,
          passwordHash,
          active: true,
          createdAt: tx.now,
        }
        await unique(tx, 'email', () => tx.insert(tx.t.agents).values(row))
        return bare(row)
      })
    },
  })
  add({
    method: 'PATCH',
    url: '/agents/:id',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Change an agent; switching one off ends their tokens at once',
    params: byId,
    body: strict({
      name: Type.Optional(title),
      email: Type.Optional(email),
      roleId: Type.Optional(id()),
      active: Type.Optional(Type.Boolean()),
      password: Type.Optional(password),
    }),
    response: { 200: Type.Ref('Agent#') },
    async handler({ who, params, body: { password, ...input }, write }) {
      const secret = password === undefined ? {} : { passwordHash: await hashPassword(password) }
      return write(async (tx) => {
        const { agents, tokens } = tx.t
        const [agent] = await tx.select().from(agents).where(eq(agents.id, params.id))
        if (!agent) throw fail('not_found')
        if (
          agent.id === who.agentId &&
          (input.active === false || (input.roleId ?? agent.roleId) !== agent.roleId)
        )
          throw fail(
            'wrong_state',
            'You cannot switch yourself off or change your own role: ask another administrator.',
          )
        if (input.roleId !== undefined) await checkRole(tx, input.roleId)
        const changes = Object.fromEntries(
          Object.entries({ ...input, ...secret }).filter(([, value]) => value !== undefined),
        )
        if (typeof changes.email === 'string') changes.email = changes.email.toLowerCase()
        if (Object.keys(changes).length > 0)
          await unique(tx, 'email', () => tx.update(agents).set(changes).where(eq(agents.id, agent.id)))
        if (input.active === false || password !== undefined)
          await tx.delete(tokens).where(eq(tokens.agentId, agent.id))
        tx.announce('people')
        const [now] = await tx.select().from(agents).where(eq(agents.id, agent.id))
        return bare(now!)
      })
    },
  })
}

async function checkRole(tx: Tx, roleId: string) {
  const [role] = await tx.select({ id: tx.t.roles.id }).from(tx.t.roles).where(eq(tx.t.roles.id, roleId))
  if (!role) throw unknownReference('roleId', roleId)
}
