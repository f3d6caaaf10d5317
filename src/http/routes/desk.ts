// The desk itself: inboxes, teams, agents, roles, settings.
import { asc, eq, inArray } from 'drizzle-orm'
import Type from 'typebox'
import { newId } from '../../clock.js'
import type { InboxOptions } from '../../db/tables/intake.js'
import type { Reader, Tx } from '../../db/types.js'
import { fail, unknownReference } from '../../errors.js'
import { hashPassword } from '../../people/passwords.js'
import { permissions } from '../../people/permissions.js'
import type { Principal } from '../../people/principal.js'
import { createInbox, type Inbox, inboxById } from '../../tickets/inboxes.js'
import type { HttpDeps, Routes } from '../context.js'
import { byId, id, strict } from '../schemas.js'

const all = (item: string) =>
  Type.Object({ items: Type.Array(Type.Ref(`${item}#`)), nextCursor: Type.Null() })
const list = <T>(items: T[]) => ({ items, nextCursor: null })
const title = Type.String({ minLength: 1, maxLength: 100 })

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

export const deskRoutes: Routes = (add, deps) => {
  inboxRoutes(add, deps)
  teamRoutes(add, deps)
  agentRoutes(add, deps)
  roleRoutes(add, deps)
  settingRoutes(add, deps)
}

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

const inboxRoutes: Routes = (add, deps) => {
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

const teamRoutes: Routes = (add, { db }) => {
  const members = {
    agentIds: Type.Optional(Type.Array(id(), { maxItems: 1000 })),
    inboxIds: Type.Optional(Type.Array(id(), { maxItems: 1000 })),
  }
  add({
    method: 'GET',
    url: '/teams',
    permission: permissions.deskRead,
    tag: 'Desk',
    summary: 'List teams with their agents and inboxes',
    response: { 200: all('Team') },
    handler: async () => list(await readTeams(db)),
  })
  add({
    method: 'POST',
    url: '/teams',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Create a team; its agents see its inboxes',
    body: strict({ name: title, ...members }),
    response: { 201: Type.Ref('Team#') },
    handler: async ({ body, write }) =>
      write(async (tx) => {
        const teamId = newId()
        await unique(tx, 'name', () => tx.insert(tx.t.teams).values({ id: teamId, name: body.name }))
        await setMembers(tx, teamId, body)
        return (await readTeams(tx, teamId))[0]
      }),
  })
  add({
    method: 'PATCH',
    url: '/teams/:id',
    permission: permissions.deskManage,
    tag: 'Desk',
    summary: 'Change a team; lists replace what was there',
    params: byId,
    body: strict({ name: Type.Optional(title), ...members }),
    response: { 200: Type.Ref('Team#') },
    handler: async ({ params, body, write }) =>
      write(async (tx) => {
        const [team] = await readTeams(tx, params.id)
        if (!team) throw fail('not_found')
        const { name } = body
        if (name !== undefined)
          await unique(tx, 'name', () =>
            tx.update(tx.t.teams).set({ name }).where(eq(tx.t.teams.id, team.id)),
          )
        await setMembers(tx, team.id, body)
        return (await readTeams(tx, team.id))[0]
      }),
  })
}

async function readTeams(r: Reader, teamId?: string) {
  const { teams, teamMembers, teamInboxes } = r.t
  const rows = await r
    .select()
    .from(teams)
    .where(teamId === undefined ? undefined : eq(teams.id, teamId))
    .orderBy(asc(teams.name))
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return []
  const members = await r.select().from(teamMembers).where(inArray(teamMembers.teamId, ids))
  const inboxes = await r.select().from(teamInboxes).where(inArray(teamInboxes.teamId, ids))
  return rows.map((row) => ({
    ...row,
    agentIds: members.filter((m) => m.teamId === row.id).map((m) => m.agentId),
    inboxIds: inboxes.filter((i) => i.teamId === row.id).map((i) => i.inboxId),
  }))
}

async function setMembers(
  tx: Tx,
  teamId: string,
  input: { agentIds?: string[] | undefined; inboxIds?: string[] | undefined },
) {
  const { teamMembers, teamInboxes, agents, inboxes } = tx.t
  if (input.agentIds) {
    const known = await tx.select({ id: agents.id }).from(agents)
    checkKnown('agentIds', input.agentIds, known)
    await tx.delete(teamMembers).where(eq(teamMembers.teamId, teamId))
    for (const agentId of new Set(input.agentIds)) await tx.insert(teamMembers).values({ teamId, agentId })
  }
  if (input.inboxIds) {
    const known = await tx.select({ id: inboxes.id }).from(inboxes)
    checkKnown('inboxIds', input.inboxIds, known)
    await tx.delete(teamInboxes).where(eq(teamInboxes.teamId, teamId))
    for (const inboxId of new Set(input.inboxIds)) await tx.insert(teamInboxes).values({ teamId, inboxId })
  }
  tx.announce('people')
}

function checkKnown(field: string, ids: readonly string[], known: readonly { id: string }[]) {
  const missing = ids.find((one) => !known.some((row) => row.id === one))
  if (missing !== undefined) throw unknownReference(field, missing)
}

const agentRoutes: Routes = (add, { db }) => {
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

const roleRoutes: Routes = (add, { db, permissions: known }) => {
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

const settingRoutes: Routes = (add, { settings }) => {
  add({
    method: 'GET',
    url: '/settings',
    permission: permissions.settingsManage,
    tag: 'Desk',
    summary: 'Every setting with its value and default',
    response: { 200: all('Setting') },
    handler: async () => list(settings.all()),
  })
  add({
    method: 'PATCH',
    url: '/settings',
    permission: permissions.settingsManage,
    tag: 'Desk',
    summary: 'Change settings; null puts one back to its default',
    body: Type.Object(
      {},
      { additionalProperties: Type.Unknown(), minProperties: 1, examples: [{ 'replies.undoSeconds': 20 }] },
    ),
    response: { 200: all('Setting') },
    async handler({ who, body, write }) {
      await write(async (tx) => {
        for (const [key, value] of Object.entries(body))
          if (value === null) await settings.unset(tx, key)
          else await settings.set(tx, key, value, who.agentId)
      })
      await settings.load()
      return list(settings.all())
    },
  })
}

/** Turns the error of a unique index into one that names the field. */
async function unique(tx: Tx, field: string, write: () => PromiseLike<unknown>) {
  try {
    await write()
  } catch (error) {
    if (!tx.dialect.isUniqueViolation(error)) throw error
    throw fail('already_exists', undefined, {
      errors: [{ field: `body/${field}`, message: 'exists already' }],
    })
  }
}
