// The ledger: what is still to be done is what stands in the `jobs` table. An engine asks in claim.ts what is due,
// runs it and reports back here; attempts, backoff and death are decided here, so that every engine behaves alike.
import { and, asc, eq, gt, inArray, lte, or, type SQL, sql } from 'drizzle-orm'
import { after, newId } from '../clock.js'
import { prepared, preparedBySize, type Tx } from '../db/types.js'
import { type Claimed, LEASE_MS } from './claim.js'
import { hopeless } from './crashes.js'
import { ringNow, schedule } from './schedule.js'
import type { JobHandler, JobHandlers, JobType } from './types.js'

const p = sql.placeholder

const removeHeld = preparedBySize((size) =>
  prepared<Record<string, string>, { id: string }>(
    (q, { jobs }) =>
      q
        .delete(jobs)
        .where(
          or(
            ...Array.from({ length: size }, (_, index) =>
              and(eq(jobs.id, p(`id${index}`)), eq(jobs.lease, p(`lease${index}`))),
            ),
          ),
        )
        .returning({ id: jobs.id }) as never,
  ),
)

/** One that is over, with its handler. */
export interface Over {
  job: Claimed
  handler: JobHandler<unknown>
}

/** Most that `completeAll` takes. */
export const MOST_AT_ONCE = 64

/**
 * Removes jobs that are done.
 * @returns those that were still ours: of the others another worker has the row.
 */
export async function completeAll(tx: Tx, over: readonly Over[]): Promise<ReadonlySet<string>> {
  const params = over.flatMap(({ job: { id, lease } }, index) => [
    [`id${index}`, id],
    [`lease${index}`, lease],
  ])
  const gone = await tx.run(removeHeld(over.length), Object.fromEntries(params))
  const ours = new Set(gone.map(({ id }) => id))
  for (const { job, handler } of over) if (ours.has(job.id)) await again(tx, handler)
  return ours
}

/**
 * Removes a job that is done.
 * @throws when its lease was lost meanwhile: another worker has the row, and what this transaction did must not
 * be done twice.
 */
export async function complete(tx: Tx, job: Claimed, handler: JobHandler<unknown>): Promise<void> {
  const ours = await completeAll(tx, [{ job, handler }])
  if (ours.size === 0) throw leaseLost()
}

export const leaseLost = () => new Error('the lease was lost while this ran')

/** What became of a try: `later` with the time of the next. */
export type Fate = { is: 'done' | 'dead' | 'lost' } | { is: 'later'; at: Date }

/**
 * One try failed: later again, or dead.
 * @param mayDie false after a death that could not be recorded: the row waits, and dies later.
 */
export async function failed(
  tx: Tx,
  job: Claimed,
  handler: JobHandler<unknown>,
  error: string,
  mayDie = true,
): Promise<Fate> {
  const dead = mayDie && (job.attempts >= handler.type.attempts || hopeless(job, handler) !== null)
  const at = after(tx.now, handler.type.backoff(job.attempts))
  const rows = await tx
    .update(tx.t.jobs)
    .set({
      state: dead ? 'dead' : 'waiting',
      runAt: at,
      lease: null,
      leaseUntil: null,
      error: error.slice(0, 2000),
      // Whatever is wrong with a suspect that comes back with an error: it did not end the worker.
      ...(hopeless(job, handler) === null && { crashes: null }),
    })
    .where(held(tx, job))
    .returning({ id: tx.t.jobs.id })
  if (rows.length === 0) return { is: 'lost' }
  if (dead) {
    await handler.dead?.(tx, job.data, error)
    await again(tx, handler)
    return { is: 'dead' }
  }
  tx.announce('jobs', at)
  tx.announce('rings', { id: job.id, name: job.name, at })
  return { is: 'later', at }
}

/** Gives a claimed job back untried: the process stops. */
export async function giveBack(tx: Tx, jobs: readonly Claimed[]): Promise<void> {
  for (const job of jobs) {
    const [row] = await tx
      .update(tx.t.jobs)
      .set({ state: 'waiting', lease: null, leaseUntil: null, attempts: job.attempts - 1 })
      .where(held(tx, job))
      .returning({ id: tx.t.jobs.id, name: tx.t.jobs.name })
    if (row) ringNow(tx, row)
  }
}

const held = (tx: Tx, job: Claimed): SQL | undefined =>
  and(eq(tx.t.jobs.id, job.id), eq(tx.t.jobs.lease, job.lease))

async function again(tx: Tx, { type }: JobHandler<unknown>) {
  if (type.every !== undefined)
    await schedule(tx, type, {}, { key: 'recurring', at: after(tx.now, type.every) })
}

/** Keeps the leases of what still runs. */
export async function extend(tx: Tx, jobs: readonly Claimed[]): Promise<void> {
  const leases = [...new Set(jobs.map((job) => job.lease))]
  if (leases.length === 0) return
  await tx
    .update(tx.t.jobs)
    .set({ leaseUntil: after(tx.now, LEASE_MS) })
    .where(
      and(
        inArray(tx.t.jobs.lease, leases),
        inArray(
          tx.t.jobs.id,
          jobs.map((job) => job.id),
        ),
      ),
    )
}

/** At the start: rows without a handler are parked, rows whose handler is back wait again, recurring ones exist. */
export async function settle(tx: Tx, handlers: JobHandlers): Promise<void> {
  await park(tx, handlers)
  await unpark(tx, handlers)
  for (const { type } of handlers.all())
    if (type.every !== undefined) await begin(tx, type, after(tx.now, type.every))
}

/** Rows that have no handler here; with `overdueMs`, only those that no other worker takes either. */
export async function park(tx: Tx, handlers: JobHandlers, overdueMs?: number): Promise<void> {
  const { jobs } = tx.t
  for (const name of await namesOf(tx))
    if (!handlers.get(name))
      await tx
        .update(jobs)
        .set({ state: 'parked' })
        .where(
          and(
            eq(jobs.state, 'waiting'),
            eq(jobs.name, name),
            overdueMs === undefined ? undefined : lte(jobs.runAt, after(tx.now, -overdueMs)),
          ),
        )
}

/** Every kind there is a row of; one step of an index for each, however many rows there are. */
async function namesOf(tx: Tx): Promise<string[]> {
  const { jobs } = tx.t
  const names: string[] = []
  for (;;) {
    const last = names.at(-1)
    const [next] = await tx
      .select({ name: jobs.name })
      .from(jobs)
      .where(last === undefined ? undefined : gt(jobs.name, last))
      .orderBy(asc(jobs.name))
      .limit(1)
    if (!next) return names
    names.push(next.name)
  }
}

/** Rows that were parked by a process that has no handler for them, or before a plugin was switched on. */
export async function unpark(tx: Tx, handlers: JobHandlers): Promise<void> {
  const { jobs } = tx.t
  const back = await tx
    .update(jobs)
    .set({ state: 'waiting' })
    .where(and(eq(jobs.state, 'parked'), inArray(jobs.name, handlers.names())))
    .returning({ id: jobs.id, name: jobs.name, at: jobs.runAt })
  for (const row of back) {
    tx.announce('jobs', row.at)
    tx.announce('rings', row)
  }
}

/** The first row of a recurring job, unless there is one. */
async function begin(tx: Tx, { name }: JobType<unknown>, at: Date) {
  const row = { id: newId(), name, key: 'recurring', data: {}, runAt: at, createdAt: tx.now }
  const added = await tx
    .insert(tx.t.jobs)
    .values({ ...row, state: 'waiting', attempts: 0 })
    .onConflictDoNothing()
    .returning({ id: tx.t.jobs.id })
  if (added.length > 0) tx.announce('rings', { id: row.id, name, at })
}
