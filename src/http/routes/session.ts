// Logging in and out, and one's own tokens.
import { and, eq, gt } from 'drizzle-orm'
import Type from 'typebox'
import { DAY, HOUR, MINUTE } from '../../clock.js'
import { fail } from '../../errors.js'
import { take } from '../../people/limits.js'
import { checkPassword } from '../../people/passwords.js'
import { permissions } from '../../people/permissions.js'
import { createToken, revokeToken } from '../../people/tokens.js'
import type { Routes } from '../context.js'
import { byId, id, instant, strict } from '../schemas.js'

const SESSION_MS = 12 * HOUR
const TRIES = { most: 10, perMs: 15 * MINUTE }

const shownToken = Type.Object({
  id: id(),
  token: Type.String({ description: 'Shown once.', examples: ['fd_…'] }),
  name: Type.String(),
  agentId: id(),
  expiresAt: instant(),
})

export const sessionRoutes: Routes = (add, { db, clock }) => {
  add({
    method: 'POST',
    url: '/session',
    permission: 'public',
    tag: 'Access',
    summary: 'Log in',
    description: 'Answers a token that lasts twelve hours.',
    body: strict({
      email: Type.String({ minLength: 3, maxLength: 254, examples: ['mia@hotel.example'] }),
      password: Type.String({ minLength: 1, maxLength: 1000 }),
    }),
    // Anybody may send it: no more is read than a password can be long.
    bodyLimit: 16 * 1024,
    response: { 201: shownToken },
    async handler({ body, request, write }) {
      const email = body.email.trim().toLowerCase()
      // Counted before the password is looked at, by account and by address: both survive a restart.
      const allowed = await db.transaction(async (tx) => {
        // The address first: who has used up theirs cannot lock accounts or fill the table.
        const byAddress = await take(tx, `login from ${request.ip}`, { ...TRIES, most: 50 })
        return byAddress && (await take(tx, `login ${email}`, TRIES))
      })
      if (!allowed) throw fail('too_many_requests')
      const { agents } = db.t
      const [agent] = await db.select().from(agents).where(eq(agents.email, email))
      const right = await checkPassword(body.password, agent?.active ? agent.passwordHash : null)
      if (!agent || !right) throw fail('login_failed')
      return write((tx) =>
        createToken(tx, { agentId: agent.id, name: 'session', kind: 'session', lifeMs: SESSION_MS }),
      )
    },
  })

  add({
    method: 'DELETE',
    url: '/session',
    permission: 'any',
    tag: 'Access',
    summary: 'Log out: the token of this request ends',
    response: { 204: null },
    handler: async ({ who, write }) => {
      await write((tx) => revokeToken(tx, who.tokenId))
    },
  })

  add({
    method: 'GET',
    url: '/me',
    permission: 'any',
    tag: 'Access',
    summary: 'Who I am and what I may do',
    response: {
      200: Type.Object({
        agentId: id(),
        name: Type.String(),
        email: Type.String(),
        permissions: Type.Array(Type.String()),
        inboxIds: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'null: all inboxes' }),
        teamIds: Type.Array(Type.String()),
      }),
    },
    handler: async ({ who }) => ({ ...who, permissions: [...who.permissions].sort() }),
  })

  add({
    method: 'GET',
    url: '/tokens',
    permission: 'any',
    tag: 'Access',
    summary: 'Tokens that are valid; all of them with `desk:manage`, otherwise one’s own',
    response: { 200: Type.Object({ items: Type.Array(Type.Ref('Token#')), nextCursor: Type.Null() }) },
    async handler({ who }) {
      const { tokens } = db.t
      const own = who.permissions.has(permissions.deskManage.name)
        ? undefined
        : eq(tokens.agentId, who.agentId)
      const items = await db
        .select()
        .from(tokens)
        .where(and(gt(tokens.expiresAt, clock.now()), own))
        .orderBy(tokens.id)
        .limit(500)
      return { items, nextCursor: null }
    },
  })

  add({
    method: 'POST',
    url: '/tokens',
    permission: 'any',
    tag: 'Access',
    summary: 'Make a token; for another agent with `desk:manage`',
    body: strict({
      name: Type.String({ minLength: 1, maxLength: 100, examples: ['reporting script'] }),
      agentId: Type.Optional(id()),
      expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 730, default: 365 })),
    }),
    response: { 201: shownToken },
    async handler({ who, body, write }) {
      const agentId = body.agentId ?? who.agentId
      if (agentId !== who.agentId && !who.permissions.has(permissions.deskManage.name))
        throw fail('forbidden')
      const lifeMs = (body.expiresInDays ?? 365) * DAY
      return write(async (tx) => {
        const [agent] = await tx.select().from(tx.t.agents).where(eq(tx.t.agents.id, agentId))
        if (!agent)
          throw fail('unknown_reference', undefined, {
            errors: [{ field: 'body/agentId', message: 'does not exist' }],
          })
        return createToken(tx, { agentId, name: body.name, kind: 'token', lifeMs })
      })
    },
  })

  add({
    method: 'DELETE',
    url: '/tokens/:id',
    permission: 'any',
    tag: 'Access',
    summary: 'End a token at once',
    params: byId,
    response: { 204: null },
    async handler({ who, params, write }) {
      await write(async (tx) => {
        const [row] = await tx.select().from(tx.t.tokens).where(eq(tx.t.tokens.id, params.id))
        const allowed =
          row && (row.agentId === who.agentId || who.permissions.has(permissions.deskManage.name))
        if (!allowed) throw fail('not_found')
        await revokeToken(tx, row.id)
      })
    },
  })
}
