// Agents and teams with who belongs to whom, for those who only read.
import { asc, eq, inArray } from 'drizzle-orm'
import type { Reader } from '../db/types.js'

export interface AgentWithTeams {
  id: string
  name: string
  email: string
  active: boolean
  teamIds: string[]
}

export interface TeamWithAgents {
  id: string
  name: string
  agentIds: string[]
}

/** More than a desk has; the end of what one call may hold in memory. */
const MOST = 5000

export async function readAgents(r: Reader, id?: string): Promise<AgentWithTeams[]> {
  const { agents, teamMembers } = r.t
  const rows = await r
    .select({ id: agents.id, name: agents.name, email: agents.email, active: agents.active })
    .from(agents)
    .where(id === undefined ? undefined : eq(agents.id, id))
    .orderBy(asc(agents.name), asc(agents.id))
    .limit(MOST)
  const members = await r
    .select()
    .from(teamMembers)
    .where(id === undefined ? undefined : eq(teamMembers.agentId, id))
    .orderBy(asc(teamMembers.teamId))
  const found = new Map(rows.map((row) => [row.id, { ...row, teamIds: [] as string[] }]))
  for (const { agentId, teamId } of members) found.get(agentId)?.teamIds.push(teamId)
  return [...found.values()]
}

export async function readTeams(r: Reader, id?: string): Promise<TeamWithAgents[]> {
  const { teams, teamMembers } = r.t
  const rows = await r
    .select()
    .from(teams)
    .where(id === undefined ? undefined : eq(teams.id, id))
    .orderBy(asc(teams.name))
    .limit(MOST)
  const members = await r
    .select()
    .from(teamMembers)
    .where(id === undefined ? undefined : eq(teamMembers.teamId, id))
    .orderBy(asc(teamMembers.agentId))
  const found = new Map(rows.map((row) => [row.id, { ...row, agentIds: [] as string[] }]))
  for (const { agentId, teamId } of members) found.get(teamId)?.agentIds.push(agentId)
  return [...found.values()]
}

/** Which of these addresses, in their canonical form, are those of agents. */
export async function agentAddresses(r: Reader, addresses: readonly string[]): Promise<Set<string>> {
  if (addresses.length === 0) return new Set()
  const { agents } = r.t
  const rows = await r
    .select({ email: agents.email })
    .from(agents)
    .where(inArray(agents.email, [...addresses]))
  return new Set(rows.map(({ email }) => email))
}
