// Jobs whose worker ended while they ran: back they go, one at a time, and not for ever.
import { and, eq, isNull, lte, notInArray, or } from 'drizzle-orm'
import type { Reader, Tx } from '../db/types.js'
import type { Claimed } from './ledger.js'
import type { JobHandler } from './types.js'

/**
 * What a row says whose worker ended once, twice, three times in a row. After the last it is not run again: it
 * takes the process down with it and must not do so at every start.
 */
const CRASHED = [
  'the worker ended while this ran',
  'the worker ended twice while this ran',
  'the worker ended three times while this ran',
]

export const isSuspect = (error: string | null): boolean => error !== null && CRASHED.includes(error)
export const unsuspected = ({ t: { jobs } }: Reader) =>
  or(isNull(jobs.error), notInArray(jobs.error, CRASHED))

/** Not to be run any more: its tries are used up, or it has taken its worker down once too often. */
export const hopeless = (job: Claimed, { type }: JobHandler<unknown>): boolean =>
  job.attempts > type.attempts || job.error === CRASHED.at(-1)

/**
 * Frees the rows whose worker is gone. What is hopeless dies when it is claimed next, as after any failure.
 * @param all also rows whose lease still runs: at the start of the only worker there can be nobody who holds them.
 */
export async function reclaim(tx: Tx, all: boolean): Promise<number> {
  const { jobs } = tx.t
  const rows = await tx
    .select({ id: jobs.id, error: jobs.error })
    .from(jobs)
    .where(and(eq(jobs.state, 'running'), all ? undefined : lte(jobs.leaseUntil, tx.now)))
  for (const { id, error } of rows)
    await tx
      .update(jobs)
      .set({
        state: 'waiting',
        runAt: tx.now,
        lease: null,
        leaseUntil: null,
        error: CRASHED[CRASHED.indexOf(error ?? '') + 1] ?? error,
      })
      .where(and(eq(jobs.id, id), eq(jobs.state, 'running')))
  if (rows.length > 0) tx.announce('jobs', tx.now)
  return rows.length
}
