// Live tickets: one-time keys for the EventSource of a browser, which can send no header. In the database, because
// another process may be asked to open what this one promised; as a hash, like tokens.
import { randomBytes } from 'node:crypto'
import { eq, lte } from 'drizzle-orm'
import { after, SECOND } from '../clock.js'
import type { Tx } from '../db/types.js'
import { hashToken } from './tokens.js'

const LIFE_MS = 30 * SECOND

export const isLiveTicket = (text: unknown): text is string =>
  typeof text === 'string' && /^fl_[\w-]{43}$/.test(text)

/** @returns the key itself: it can never be read again. */
export async function createLiveTicket(tx: Tx, tokenId: string) {
  const ticket = `fl_${randomBytes(32).toString('base64url')}`
  const expiresAt = after(tx.now, LIFE_MS)
  await tx.insert(tx.t.liveTickets).values({ hash: hashToken(ticket), tokenId, expiresAt })
  return { ticket, expiresAt }
}

/** Uses it up. @returns the id of the token behind it; undefined when it is unknown, used or too old. */
export async function takeLiveTicket(tx: Tx, ticket: string): Promise<string | undefined> {
  const { liveTickets } = tx.t
  const [row] = await tx
    .delete(liveTickets)
    .where(eq(liveTickets.hash, hashToken(ticket)))
    .returning({ tokenId: liveTickets.tokenId, expiresAt: liveTickets.expiresAt })
  return row && row.expiresAt > tx.now ? row.tokenId : undefined
}

export async function dropOldLiveTickets(tx: Tx): Promise<void> {
  await tx.delete(tx.t.liveTickets).where(lte(tx.t.liveTickets.expiresAt, tx.now))
}
