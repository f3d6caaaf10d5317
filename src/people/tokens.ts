// Bearer tokens: `fd_` and 256 random bits, shown once, kept as a hash, always with an end.
import { createHash, randomBytes } from 'node:crypto'
import { eq, lte, sql } from 'drizzle-orm'
import { after, newId } from '../clock.js'
import { prepared, type Reader, type Tx } from '../db/types.js'

export interface NewToken {
  agentId: string
  name: string
  kind: 'token' | 'session'
  lifeMs: number
}

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('base64url')

/** @returns the token itself: it can never be read again. */
export async function createToken(tx: Tx, { agentId, name, kind, lifeMs }: NewToken) {
  const token = `fd_${randomBytes(32).toString('base64url')}`
  const row = { id: newId(), kind, name, agentId, createdAt: tx.now, expiresAt: after(tx.now, lifeMs) }
  await tx.insert(tx.t.tokens).values({ ...row, hash: hashToken(token) })
  return { ...row, token }
}

const byHash = prepared<{ hash: string }, { id: string; agentId: string; expiresAt: Date }>((q, t) =>
  q
    .select({ id: t.tokens.id, agentId: t.tokens.agentId, expiresAt: t.tokens.expiresAt })
    .from(t.tokens)
    .where(eq(t.tokens.hash, sql.placeholder('hash'))),
)

export async function findToken(r: Reader, hash: string) {
  const [row] = await r.run(byHash, { hash })
  return row
}

export async function revokeToken(tx: Tx, id: string): Promise<boolean> {
  const gone = await tx.delete(tx.t.tokens).where(eq(tx.t.tokens.id, id)).returning({ id: tx.t.tokens.id })
  tx.announce('people')
  return gone.length > 0
}

export async function dropExpired(tx: Tx): Promise<void> {
  await tx.delete(tx.t.tokens).where(lte(tx.t.tokens.expiresAt, tx.now))
}
