// Putting work into the ledger, and taking it back: always inside the transaction that is the reason for it.
import { and, eq, inArray, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import { batches, paramsOf } from '../db/batches.js'
import { prepared, preparedBySize, type Tx } from '../db/types.js'
import type { JobType } from './types.js'

export interface ScheduleOptions {
  /** While a row of this name and key waits, scheduling again moves it and replaces its data. */
  key?: string
  /** Default: now. */
  at?: Date
}

/** One of several. */
export interface Scheduled<Data> extends ScheduleOptions {
  readonly data: Data
}

const p = sql.placeholder

interface Row {
  id: string
  key: string | null
  data: unknown
  at: Date
}

const upsert = preparedBySize((size) =>
  prepared<Record<string, unknown>, { id: string; key: string | null }>(
    (q, t) =>
      q
        .insert(t.jobs)
        .values(
          Array.from({ length: size }, (_, index) => ({
            id: p(`id${index}`),
            name: p('name'),
            key: p(`key${index}`),
            data: p(`data${index}`),
            runAt: p(`at${index}`),
            state: 'waiting' as const,
            attempts: 0,
            createdAt: p('now'),
          })),
        )
        .onConflictDoUpdate({
          target: [t.jobs.name, t.jobs.key],
          set: {
            data: sql`excluded.data`,
            runAt: sql`excluded.run_at`,
            state: sql`excluded.state`,
            attempts: sql`0`,
            error: sql`null`,
          },
        })
        .returning({ id: t.jobs.id, key: t.jobs.key }) as never,
  ),
)

async function put(tx: Tx, name: string, rows: readonly Row[]): Promise<void> {
  const there = await tx.run(upsert(rows.length), { name, now: tx.now, ...paramsOf(rows) })
  // Only a row with a key can have been there before; in which order they come back nobody promises.
  const byKey = new Map(there.map(({ id, key }) => [key, id]))
  for (const { id: own, key, at } of rows) {
    const id = key === null ? own : byKey.get(key)!
    tx.announce('rings', { id, name, at, moved: id !== own })
  }
}

export async function schedule<Data>(
  tx: Tx,
  type: JobType<Data>,
  data: Data,
  { key, at = tx.now }: ScheduleOptions = {},
): Promise<void> {
  await put(tx, type.name, [{ id: newId(), key: key ?? null, data, at }])
  tx.announce('jobs', at)
}

/** As if they were scheduled one after the other: of those with the same key the last one counts. */
export async function scheduleMany<Data>(
  tx: Tx,
  type: JobType<Data>,
  jobs: readonly Scheduled<Data>[],
): Promise<void> {
  if (jobs.length === 0) return
  const keyed = new Map<string, Row>()
  const free: Row[] = []
  for (const { data, key, at = tx.now } of jobs) {
    const row = { id: newId(), key: key ?? null, data, at }
    if (key === undefined) free.push(row)
    else keyed.set(key, row)
  }
  // Of two transactions that move the same rows, each in its own order, one would be run again.
  const rows = [...keyed.keys()].sort().map((key) => keyed.get(key)!)
  for (const some of batches([...rows, ...free])) await put(tx, type.name, some)
  tx.announce('jobs', new Date(Math.min(...[...rows, ...free].map(({ at }) => at.getTime()))))
}

const remove = preparedBySize((size) =>
  prepared<Record<string, unknown>, { id: string; key: string }>(
    (q, { jobs }) =>
      q
        .delete(jobs)
        .where(
          and(
            eq(jobs.name, p('name')),
            inArray(
              jobs.key,
              Array.from({ length: size }, (_, index) => p(`key${index}`)),
            ),
          ),
        )
        .returning({ id: jobs.id, key: jobs.key }) as never,
  ),
)

/** @returns whether a waiting row was taken back; false when there was none or it is already running. */
export async function cancel(tx: Tx, type: JobType<never>, key: string): Promise<boolean> {
  return (await cancelMany(tx, type, [key])).length > 0
}

/** @returns the keys of the waiting rows that were taken back. */
export async function cancelMany(
  tx: Tx,
  { name }: JobType<never>,
  keys: readonly string[],
): Promise<string[]> {
  const gone: string[] = []
  for (const some of batches([...new Set(keys)].sort()))
    for (const { id, key } of await tx.run(remove(some.length), {
      name,
      ...paramsOf(some.map((key) => ({ key }))),
    })) {
      tx.announce('rings', { id, name, at: null })
      gone.push(key)
    }
  return gone
}

/** Tells the engine of a row that waits again and is due at once. */
export function ringNow(tx: Tx, { id, name }: { id: string; name: string }): void {
  tx.announce('jobs', tx.now)
  tx.announce('rings', { id, name, at: tx.now })
}
