// Teams: who works together, and the inboxes they see.
import { asc, eq, inArray } from 'drizzle-orm'
import Type from 'typebox'
import { newId } from '../../clock.js'
import type { Reader, Tx } from '../../db/types.js'
import { fail, unknownReference } from '../../errors.js'
import { permissions } from '../../people/permissions.js'
import type { Routes } from '../context.js'
import { byId, id, strict } from '../schemas.js'
import { all, list, title, unique } from './desk-common.js'

export const teamRoutes: Routes = (add, { db }) => {
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
        await tx.lock(`team ${params.id}`)
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
