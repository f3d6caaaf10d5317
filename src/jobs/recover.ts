// What a person can do with a job that is dead.
import { and, eq } from 'drizzle-orm'
import type { Tx } from '../db/types.js'

/** Gives a dead job its tries back. @returns whether there was one. */
export async function retryDead(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx
    .update(tx.t.jobs)
    .set({ state: 'waiting', attempts: 0, runAt: tx.now, error: null, crashes: null })
    .where(and(eq(tx.t.jobs.id, id), eq(tx.t.jobs.state, 'dead')))
    .returning({ id: tx.t.jobs.id })
  if (rows.length > 0) tx.announce('jobs', tx.now)
  return rows.length > 0
}
