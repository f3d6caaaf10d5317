// Jobs whose worker ended while they ran: back they go, one at a time, and not for ever.
import { and, eq, isNull, lte, sql } from 'drizzle-orm'
import type { Reader, Tx } from '../db/types.js'
import type { Claimed } from './claim.js'
import type { JobHandler } from './types.js'

/** Deaths of the worker that a job may be to blame for. */
const MOST_CRASHES = 3

export const isSuspect = ({ crashes }: Pick<Claimed, 'crashes'>): boolean => crashes !== null
export const unsuspected = ({ t: { jobs } }: Reader) => isNull(jobs.crashes)

/** Why a job is not to be run any more, or null: it takes the process down with it, or its tries are used up. */
export function hopeless({ attempts, crashes }: Claimed, { type }: JobHandler<unknown>): string | null {
  if ((crashes ?? 0) >= MOST_CRASHES) return 'the worker ended three times while this ran'
  return attempts > type.attempts ? 'its tries are used up' : null
}

/**
 * Frees the rows whose worker is gone. Of many that ran side by side nobody knows which one it was: they become
 * suspects, which run one at a time, the least suspected first. The one suspect among those that ran, or one that
 * ran alone, is blamed. What is hopeless dies when it is claimed next, as after any failure.
 * @param all also rows whose lease still runs: at the start of the only worker there can be nobody who holds them.
 */
export async function reclaim(tx: Tx, all: boolean): Promise<number> {
  const { jobs } = tx.t
  const rows = await tx
    .select({ id: jobs.id, lease: jobs.lease, crashes: jobs.crashes })
    .from(jobs)
    .where(and(eq(jobs.state, 'running'), all ? undefined : lte(jobs.leaseUntil, tx.now)))
  for (const { id, lease, crashes } of rows) {
    const blamed = crashes !== null || rows.length === 1
    // Another process may have freed it meanwhile, and a third have claimed it anew.
    const same = lease === null ? isNull(jobs.lease) : eq(jobs.lease, lease)
    await tx
      .update(jobs)
      .set({
        state: 'waiting',
        runAt: tx.now,
        lease: null,
        leaseUntil: null,
        // The try did not fail: it was cut off.
        attempts: sql`${jobs.attempts} - 1`,
        crashes: (crashes ?? 0) + (blamed ? 1 : 0),
        error: 'the worker ended while this ran',
      })
      .where(and(eq(jobs.id, id), eq(jobs.state, 'running'), same))
  }
  if (rows.length > 0) tx.announce('jobs', tx.now)
  return rows.length
}
