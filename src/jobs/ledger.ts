// The ledger: what is still to be done is what stands in the `jobs` table. An engine asks here what is due,
// runs it and reports back; attempts, backoff and death are decided here, so that every engine behaves alike.
import { and, asc, eq, inArray, isNotNull, lte, notInArray, type SQL, sql } from 'drizzle-orm'
import { after, newId, SECOND } from '../clock.js'
import type { Db, Tx } from '../db/types.js'
import { schedule } from './schedule.js'
import type { JobHandler, JobHandlers } from './types.js'

export const LEASE_MS = 60 * SECOND

export interface Claimed {
  id: string
  name: string
  data: unknown
  attempts: number
  lease: string
}

/** How many more of a kind may be claimed now; kinds that have none are left out of the query. */
export type Room = (name: string) => number

/** Takes up to `most` due rows, oldest first. A row that is claimed gives up its key. */
export async function claim(db: Db, handlers: JobHandlers, room: Room, most: number): Promise<Claimed[]> {
  return db.transaction(async (tx) => {
    const { jobs } = tx.t
    const full = handlers.names().filter((name) => room(name) <= 0)
    const due = await tx.rows<{ id: string; name: string }>(
      sql`select id, name from ${jobs} where ${and(
        eq(jobs.state, 'waiting'),
        lte(jobs.runAt, tx.now),
        full.length > 0 ? notInArray(jobs.name, full) : undefined,
      )} order by run_at, id limit ${most * 2} ${tx.dialect.skipLocked}`,
    )
    const taken = new Map<string, number>()
    const ids: string[] = []
    for (const { id, name } of due) {
      const count = taken.get(name) ?? 0
      if (ids.length >= most || count >= room(name)) continue
      taken.set(name, count + 1)
      ids.push(id)
    }
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
      .returning({ id: jobs.id, name: jobs.name, data: jobs.data, attempts: jobs.attempts })
    const order = new Map(ids.map((id, index) => [id, index]))
    return rows.map((row) => ({ ...row, lease })).sort((a, b) => order.get(a.id)! - order.get(b.id)!)
  })
}

/** Removes a job that is done, unless its lease was lost meanwhile. */
export async function complete(tx: Tx, job: Claimed, handler: JobHandler<unknown>): Promise<void> {
  const gone = await tx.delete(tx.t.jobs).where(held(tx, job)).returning({ id: tx.t.jobs.id })
  if (gone.length > 0) await again(tx, handler)
}

/** One try failed: later again, or dead. */
export async function failed(
  tx: Tx,
  job: Claimed,
  handler: JobHandler<unknown>,
  error: string,
): Promise<'dead' | 'later' | 'lost'> {
  const dead = job.attempts >= handler.type.attempts
  const at = after(tx.now, handler.type.backoff(job.attempts))
  const rows = await tx
    .update(tx.t.jobs)
    .set({
      state: dead ? 'dead' : 'waiting',
      runAt: at,
      lease: null,
      leaseUntil: null,
      error: error.slice(0, 2000),
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

/**
 * Frees the rows whose worker is gone. A row that has used up its tries this way is dead: it takes the process
 * down with it and must not do so at every start.
 * @param all also rows whose lease still runs: at the start of the only worker there can be nobody who holds them.
 */
export async function reclaim(tx: Tx, handlers: JobHandlers, all: boolean): Promise<number> {
  const { jobs } = tx.t
  const rows = await tx
    .select({ id: jobs.id, name: jobs.name, data: jobs.data, attempts: jobs.attempts })
    .from(jobs)
    .where(and(eq(jobs.state, 'running'), all ? undefined : lte(jobs.leaseUntil, tx.now)))
  for (const row of rows) {
    const handler = handlers.get(row.name)
    const dead = handler !== undefined && row.attempts >= Math.min(handler.type.attempts, CRASHES)
    const error = 'the worker ended while this ran'
    const changed = await tx
      .update(jobs)
      .set({ state: dead ? 'dead' : 'waiting', runAt: tx.now, lease: null, leaseUntil: null, error })
      .where(and(eq(jobs.id, row.id), eq(jobs.state, 'running')))
      .returning({ id: jobs.id })
    if (changed.length > 0 && dead) await handler.dead?.(tx, row.data, error)
  }
  if (rows.length > 0) tx.announce('jobs', tx.now)
  return rows.length
}

/** Tries that may end with the death of the worker. */
const CRASHES = 3

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

/** When the next row is due, leaving out kinds that have no room. */
export async function nextDue(db: Db, full: readonly string[]): Promise<Date | null> {
  const { jobs } = db.t
  const [row] = await db
    .select({ at: jobs.runAt })
    .from(jobs)
    .where(
      and(
        eq(jobs.state, 'waiting'),
        isNotNull(jobs.runAt),
        full.length > 0 ? notInArray(jobs.name, [...full]) : undefined,
      ),
    )
    .orderBy(asc(jobs.runAt))
    .limit(1)
  return row?.at ?? null
}
