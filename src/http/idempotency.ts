// Idempotency-Key: a POST that is sent again gets the first answer again. The answer is stored in the transaction
// of its effect, so that after a crash there are both or neither.
import { createHash } from 'node:crypto'
import { and, eq, lte } from 'drizzle-orm'
import { after, DAY } from '../clock.js'
import type { Db, Reader, Tx } from '../db/types.js'
import { fail } from '../errors.js'
import type { Secrets } from '../settings/secrets.js'

export interface Answer {
  status: number
  body: unknown
}

export interface Keyed {
  /** Whose key it is: keys of different agents never meet. */
  owner: string
  key: string
  method: string
  url: string
  body: unknown
}

export interface Idempotency {
  run(keyed: Keyed, work: (tx: Tx) => Promise<Answer>): Promise<Answer & { replayed: boolean }>
}

const KEEP_MS = DAY

export function createIdempotency(db: Db, secrets: Secrets): Idempotency {
  const running = new Set<string>()
  return {
    async run(keyed, work) {
      const { owner, key } = keyed
      const request = fingerprint(secrets, keyed)
      const slot = `${owner} ${key}`
      const before = await find(db, keyed, request, secrets)
      if (before) return { ...before, replayed: true }
      if (running.has(slot)) throw fail('idempotency_running')
      running.add(slot)
      try {
        return await db.transaction(async (tx) => {
          if (!tx.dialect.oneWriter) {
            // Another process may be at it: without waiting for it the work here could fail at what it has made.
            await tx.lock(`idempotency ${slot}`)
            const other = await find(tx, keyed, request, secrets)
            if (other) return { ...other, replayed: true }
          }
          const answer = await work(tx)
          // The answer may hold a token that is shown once: it is sealed.
          const body = secrets.seal(JSON.stringify(answer.body ?? null))
          await tx
            .insert(tx.t.idempotency)
            .values({ agentId: owner, key, request, status: answer.status, body, createdAt: tx.now })
          return { ...answer, replayed: false }
        })
      } catch (error) {
        // Another process had the same key at the same moment: its answer counts, ours was rolled back.
        const other = db.dialect.isUniqueViolation(error) && (await find(db, keyed, request, secrets))
        if (other) return { ...other, replayed: true }
        throw error
      } finally {
        running.delete(slot)
      }
    },
  }
}

async function find(
  r: Reader,
  { owner, key }: Keyed,
  request: string,
  secrets: Secrets,
): Promise<Answer | null> {
  const { idempotency } = r.t
  const [row] = await r
    .select()
    .from(idempotency)
    .where(and(eq(idempotency.agentId, owner), eq(idempotency.key, key)))
  if (!row) return null
  if (row.request !== request) throw fail('idempotency_mismatch')
  return { status: row.status, body: JSON.parse(secrets.open(row.body)) }
}

/** Keyed: a body may hold a password, and a plain hash of it would be there for guessing. */
function fingerprint(secrets: Secrets, { method, url, body }: Keyed): string {
  const hash = createHash('sha256')
    .update(`${method} ${url}\n`)
    .update(Buffer.isBuffer(body) ? body : JSON.stringify(body ?? null))
    .digest('hex')
  return secrets.sign('idempotency', hash).toString('hex')
}

export async function dropOldAnswers(tx: Tx): Promise<void> {
  await tx.delete(tx.t.idempotency).where(lte(tx.t.idempotency.createdAt, after(tx.now, -KEEP_MS)))
}
