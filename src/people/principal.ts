// Who is asking, and what they may see: resolved from a token, kept in memory for at most a second, so that a
// right that was taken away is gone within that time in every process.
import { eq, inArray } from 'drizzle-orm'
import { type Clock, SECOND } from '../clock.js'
import type { Db, Reader } from '../db/types.js'
import { findToken, hashToken } from './tokens.js'

export interface Principal {
  readonly agentId: string
  readonly tokenId: string
  readonly name: string
  readonly email: string
  readonly permissions: ReadonlySet<string>
  /** Null: every inbox. */
  readonly inboxIds: readonly string[] | null
  readonly teamIds: readonly string[]
}

const KEEP_MS = SECOND
const KEEP_MOST = 10_000

export interface Principals {
  /** Null for a token that is unknown, has expired, or whose agent is switched off. */
  resolve(token: string): Promise<Principal | null>
}

export function createPrincipals(db: Db, clock: Clock): Principals {
  const kept = new Map<string, { principal: Principal; until: number }>()
  db.onCommit('people', () => kept.clear())
  return {
    async resolve(token) {
      const hash = hashToken(token)
      const now = clock.now().getTime()
      const known = kept.get(hash)
      if (known && known.until > now) return known.principal
      const row = await findToken(db, hash)
      const principal = row && row.expiresAt.getTime() > now ? await load(db, row.agentId, row.id) : null
      if (kept.size >= KEEP_MOST) kept.clear()
      if (principal) kept.set(hash, { principal, until: Math.min(now + KEEP_MS, row!.expiresAt.getTime()) })
      else kept.delete(hash)
      return principal
    },
  }
}

async function load(r: Reader, agentId: string, tokenId: string): Promise<Principal | null> {
  const { agents, roles, teamMembers, teamInboxes } = r.t
  const [row] = await r
    .select({
      name: agents.name,
      email: agents.email,
      active: agents.active,
      permissions: roles.permissions,
      allInboxes: roles.allInboxes,
    })
    .from(agents)
    .innerJoin(roles, eq(roles.id, agents.roleId))
    .where(eq(agents.id, agentId))
  if (!row?.active) return null
  const teams = await r
    .select({ id: teamMembers.teamId })
    .from(teamMembers)
    .where(eq(teamMembers.agentId, agentId))
  const teamIds = teams.map(({ id }) => id)
  const inboxes =
    row.allInboxes || teamIds.length === 0
      ? []
      : await r
          .selectDistinct({ id: teamInboxes.inboxId })
          .from(teamInboxes)
          .where(inArray(teamInboxes.teamId, teamIds))
  return {
    agentId,
    tokenId,
    name: row.name,
    email: row.email,
    permissions: new Set(row.permissions),
    inboxIds: row.allInboxes ? null : inboxes.map(({ id }) => id),
    teamIds,
  }
}
