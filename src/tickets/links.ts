// Links between tickets: what may belong together, for a person to decide.
import { and, eq, inArray, or } from 'drizzle-orm'
import type { Reader, Tx } from '../db/types.js'
import type { Principal } from '../people/principal.js'
import { visible } from './access.js'
import { system } from './desk.js'
import { record } from './timeline.js'

export type LinkKind = 'possible-follow-up' | 'follow-up' | 'merged'

export async function link(tx: Tx, ticketId: string, otherId: string, kind: LinkKind): Promise<void> {
  await tx
    .insert(tx.t.ticketLinks)
    .values({ ticketId, otherId, kind, createdAt: tx.now })
    .onConflictDoNothing()
  await record(tx, { ticketId, type: 'linked', actor: system, data: { otherId, kind } })
}

/** Links whose other end this principal may see too. */
export async function readLinks(r: Reader, who: Principal, ticketId: string) {
  const { ticketLinks, tickets } = r.t
  const links = await r
    .select()
    .from(ticketLinks)
    .where(or(eq(ticketLinks.ticketId, ticketId), eq(ticketLinks.otherId, ticketId)))
    .orderBy(ticketLinks.createdAt)
  const ends = links.flatMap((one) => [one.ticketId, one.otherId])
  if (ends.length === 0) return []
  const seen = await r
    .select({ id: tickets.id })
    .from(tickets)
    .where(and(inArray(tickets.id, ends), visible(r, who)))
  return links.filter((one) => [one.ticketId, one.otherId].every((end) => seen.some(({ id }) => id === end)))
}
