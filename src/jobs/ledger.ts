// The ledger: what is still to be done is what stands in the `jobs` table. An engine asks here what is due,
// runs it and reports back; attempts, backoff and death are decided here, so that every engine behaves alike.
import { and, asc, eq, inArray, isNotNull, lte, notInArray, type SQL, sql } from 'drizzle-orm'
import { after, newId, SECOND } from '../clock.js'
import { type Db, prepared, type Tx } from '../db/types.js'
import { hopeless, unsuspected } from './crashes.js'
import { schedule } from './schedule.js'
import type { JobHandler, JobHandlers } from './types.js'

export const LEASE_MS = 60 * SECOND

export interface Claimed {
  id: string
  name: string
  data: unknown
  attempts: number
  createdAt: Date
  lease: string
  /** See `crashes.ts`; null for nearly all. */
  crashes: number | null
}

/** How many more of a kind may be claimed now; kinds that have none are left out of the query. */
export type Room = (name: string) => number

/**
 * Takes up to `most` due rows, oldest first. A row that is claimed gives up its key.
 * @param suspects whether one may be among them that ran when a worker ended. These run one at a time: otherwise
 * all that run beside the one that takes the worker down would be counted out with it.
 */
export async function claim(
  db: Db,
  handlers: JobHandlers,
  room: Room,
  most: number,
  suspects = true,
): Promise<Claimed[]> {
  return db.transaction(async (tx) => {
    const { jobs } = tx.t
    const full = handlers.names().filter((name) => room(name) <= 0)
    const look = async () => [
      ...(suspects ? await leastSuspect(tx, full) : []),
      ...(await dueRows(tx, full, most * 2)),
    ]
    let due = await look()
    // Rows of a plugin that only another process has must not fill the window before those that can run here.
    while (await parkUnknown(tx, handlers, due)) due = await look()
    const ids = choose(due, room, most)
    if (ids.length === 0) return []
    const lease = newId()
    const rows = await tx
      .update(jobs)
      .set({
        state: 'running',
        key: null,
        lease,
        leaseUntil: after(tx.now, LEASE_MS),
        attempts: sql`${jobs.attempts} + 1`,
      })
      .where(and(inArray(jobs.id, ids), eq(jobs.state, 'waiting')))
      .returning({
        id: jobs.id,
        name: jobs.name,
        data: jobs.data,
        attempts: jobs.attempts,
        createdAt: jobs.createdAt,
        crashes: jobs.crashes,
      })
    const order = new Map(ids.map((id, index) => [id, index]))
    return rows.map((row) => ({ ...row, lease })).sort((a, b) => order.get(a.id)! - order.get(b.id)!)
  })
}

interface Due {
  id: string
  name: string
}

const dueRows = (tx: Tx, full: readonly string[], limit: number) =>
  tx.rows<Due>(
    sql`select id, name from ${tx.t.jobs} where ${and(isDue(tx, full), unsuspected(tx))}
      order by run_at, id limit ${limit} ${tx.dialect.skipLocked}`,
  )

const leastSuspect = (tx: Tx, full: readonly string[]) =>
  tx.rows<Due>(
    sql`select id, name from ${tx.t.jobs} where ${and(isDue(tx, full), isNotNull(tx.t.jobs.crashes))}
      order by crashes, run_at limit 1 ${tx.dialect.skipLocked}`,
  )

const isDue = ({ t: { jobs }, now }: Tx, full: readonly string[]) =>
  and(
    eq(jobs.state, 'waiting'),
    lte(jobs.runAt, now),
    full.length > 0 ? notInArray(jobs.name, [...full]) : undefined,
  )

function choose(due: readonly Due[], room: Room, most: number): string[] {
  const taken = new Map<string, number>()
  const ids: string[] = []
  for (const { id, name } of due) {
    const count = taken.get(name) ?? 0
    if (ids.length >= most || count >= room(name)) continue
    taken.set(name, count + 1)
    ids.push(id)
  }
  return ids
}

async function parkUnknown(tx: Tx, handlers: JobHandlers, due: readonly { id: string; name: string }[]) {
  const ids = due.filter(({ name }) => !handlers.get(name)).map(({ id }) => id)
  if (ids.length > 0) await tx.update(tx.t.jobs).set({ state: 'parked' }).where(inArray(tx.t.jobs.id, ids))
  return ids.length > 0
}

const removeHeld = prepared<{ id: string; lease: string }, { id: string }>(
  (q, { jobs }) =>
    q
      .delete(jobs)
      .where(and(eq(jobs.id, sql.placeholder('id')), eq(jobs.lease, sql.placeholder('lease'))))
      .returning({ id: jobs.id }) as never,
)

/**
 * Removes a job that is done.
 * @throws when its lease was lost meanwhile: another worker has the row, and what this transaction did must not
 * be done twice.
 */
export async function complete(tx: Tx, job: Claimed, handler: JobHandler<unknown>): Promise<void> {
  const gone = await tx.run(removeHeld, { id: job.id, lease: job.lease })
  if (gone.length === 0) throw new Error('the lease was lost while this ran')
  await again(tx, handler)
}

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
): Promise<'dead' | 'later' | 'lost'> {
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
  if (rows.length === 0) return 'lost'
  if (dead) {
    await handler.dead?.(tx, job.data, error)
    await again(tx, handler)
    return 'dead'
  }
  tx.announce('jobs', at)
  return 'later'
}

/** Gives a claimed job back untried: the process stops. */
export async function giveBack(tx: Tx, jobs: readonly Claimed[]): Promise<void> {
  for (const job of jobs)
    await tx
      .update(tx.t.jobs)
      .set({ state: 'waiting', lease: null, leaseUntil: null, attempts: job.attempts - 1 })
      .where(held(tx, job))
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
  const { jobs } = tx.t
  const names = handlers.names()
  await tx
    .update(jobs)
    .set({ state: 'parked' })
    .where(and(eq(jobs.state, 'waiting'), notInArray(jobs.name, names)))
  await tx
    .update(jobs)
    .set({ state: 'waiting' })
    .where(and(eq(jobs.state, 'parked'), inArray(jobs.name, names)))
  for (const { type } of handlers.all())
    if (type.every !== undefined)
      await tx
        .insert(jobs)
        .values({
          id: newId(),
          name: type.name,
          key: 'recurring',
          data: {},
          runAt: after(tx.now, type.every),
          state: 'waiting',
          attempts: 0,
          createdAt: tx.now,
        })
        .onConflictDoNothing()
}

/** When the next row is due, leaving out what could not be claimed now. */
export async function nextDue(db: Db, full: readonly string[], suspects: boolean): Promise<Date | null> {
  const { jobs } = db.t
  const [row] = await db
    .select({ at: jobs.runAt })
    .from(jobs)
    .where(
      and(
        eq(jobs.state, 'waiting'),
        isNotNull(jobs.runAt),
        full.length > 0 ? notInArray(jobs.name, [...full]) : undefined,
        suspects ? undefined : unsuspected(db),
      ),
    )
    .orderBy(asc(jobs.runAt))
    .limit(1)
  return row?.at ?? null
}
