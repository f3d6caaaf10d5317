// Links between tickets: what may belong together, for a person to decide.
import { eq, or } from 'drizzle-orm'
import type { Reader, Tx } from '../db/types.js'
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

export async function readLinks(r: Reader, ticketId: string) {
  const { ticketLinks } = r.t
  return r
    .select()
    .from(ticketLinks)
    .where(or(eq(ticketLinks.ticketId, ticketId), eq(ticketLinks.otherId, ticketId)))
    .orderBy(ticketLinks.createdAt)
}
