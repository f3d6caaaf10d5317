// Who is asking, and what they may see: resolved from a token, kept in memory for at most a second, so that a
// right that was taken away is gone within that time in every process.
import { and, eq, gt, inArray } from 'drizzle-orm'
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
  /** As the database has them now, by id of token; without those that are not valid any more. */
  load(tokenIds: readonly string[]): Promise<ReadonlyMap<string, Principal>>
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
      const principal = (row && (await load(db, [row.id], clock.now())).get(row.id)) ?? null
      if (kept.size >= KEEP_MOST) kept.clear()
      if (principal) kept.set(hash, { principal, until: Math.min(now + KEEP_MS, row!.expiresAt.getTime()) })
      else kept.delete(hash)
      return principal
    },
    load: (tokenIds) => load(db, tokenIds, clock.now()),
  }
}

/** The principals behind these tokens as the database has them now; without those that are not valid. */
async function load(r: Reader, tokenIds: readonly string[], now: Date): Promise<Map<string, Principal>> {
  const { tokens, agents, roles, teamMembers, teamInboxes } = r.t
  const rows = await r
    .select({
      tokenId: tokens.id,
      agentId: agents.id,
      name: agents.name,
      email: agents.email,
      permissions: roles.permissions,
      allInboxes: roles.allInboxes,
    })
    .from(tokens)
    .innerJoin(agents, eq(agents.id, tokens.agentId))
    .innerJoin(roles, eq(roles.id, agents.roleId))
    .where(and(inArray(tokens.id, [...tokenIds]), gt(tokens.expiresAt, now), eq(agents.active, true)))
  const agentIds = [...new Set(rows.map(({ agentId }) => agentId))]
  const teams = await r
    .select({ agentId: teamMembers.agentId, id: teamMembers.teamId })
    .from(teamMembers)
    .where(inArray(teamMembers.agentId, agentIds))
  const inboxes = rows.every(({ allInboxes }) => allInboxes)
    ? []
    : await r
        .selectDistinct({ agentId: teamMembers.agentId, id: teamInboxes.inboxId })
        .from(teamMembers)
        .innerJoin(teamInboxes, eq(teamInboxes.teamId, teamMembers.teamId))
        .where(inArray(teamMembers.agentId, agentIds))
  const teamsOf = byAgent(teams)
  const inboxesOf = byAgent(inboxes)
  return new Map(
    rows.map(({ allInboxes, permissions, ...who }) => [
      who.tokenId,
      {
        ...who,
        permissions: new Set(permissions),
        inboxIds: allInboxes ? null : (inboxesOf.get(who.agentId) ?? []),
        teamIds: teamsOf.get(who.agentId) ?? [],
      },
    ]),
  )
}

function byAgent(rows: readonly { agentId: string; id: string }[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { agentId, id } of rows) found.set(agentId, [...(found.get(agentId) ?? []), id])
  return found
}
