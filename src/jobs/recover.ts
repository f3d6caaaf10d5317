// What a person can do with a job that is dead.
import { and, eq } from 'drizzle-orm'
import type { Tx } from '../db/types.js'
import { ringNow } from './schedule.js'

/** Gives a dead job its tries back. @returns whether there was one. */
export async function retryDead(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx
    .update(tx.t.jobs)
    .set({ state: 'waiting', attempts: 0, runAt: tx.now, error: null, crashes: null })
    .where(and(eq(tx.t.jobs.id, id), eq(tx.t.jobs.state, 'dead')))
    .returning({ id: tx.t.jobs.id, name: tx.t.jobs.name })
  for (const row of rows) ringNow(tx, row)
  return rows.length > 0
}
