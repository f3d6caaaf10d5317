// Putting work into the ledger, and taking it back: always inside the transaction that is the reason for it.
import { and, eq, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import { prepared, type Tx } from '../db/types.js'
import type { JobType } from './types.js'

export interface ScheduleOptions {
  /** While a row of this name and key waits, scheduling again moves it and replaces its data. */
  key?: string
  /** Default: now. */
  at?: Date
}

const p = sql.placeholder

const upsert = prepared<
  { id: string; name: string; key: string | null; data: unknown; at: Date; now: Date },
  { id: string }
>(
  (q, t) =>
    q
      .insert(t.jobs)
      .values({
        id: p('id'),
        name: p('name'),
        key: p('key'),
        data: p('data'),
        runAt: p('at'),
        state: 'waiting',
        attempts: 0,
        createdAt: p('now'),
      })
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
      .returning({ id: t.jobs.id }) as never,
)

export async function schedule<Data>(
  tx: Tx,
  type: JobType<Data>,
  data: Data,
  { key, at = tx.now }: ScheduleOptions = {},
): Promise<void> {
  const { name } = type
  const own = newId()
  const [row] = await tx.run(upsert, { id: own, name, key: key ?? null, data, at, now: tx.now })
  const { id } = row!
  tx.announce('jobs', at)
  tx.announce('rings', { id, name, at, moved: id !== own })
}

/** @returns whether a waiting row was taken back; false when there was none or it is already running. */
export async function cancel(tx: Tx, type: JobType<never>, key: string): Promise<boolean> {
  const gone = await tx
    .delete(tx.t.jobs)
    .where(and(eq(tx.t.jobs.name, type.name), eq(tx.t.jobs.key, key)))
    .returning({ id: tx.t.jobs.id })
  for (const { id } of gone) tx.announce('rings', { id, name: type.name, at: null })
  return gone.length > 0
}

/** Tells the engine of a row that waits again and is due at once. */
export function ringNow(tx: Tx, { id, name }: { id: string; name: string }): void {
  tx.announce('jobs', tx.now)
  tx.announce('rings', { id, name, at: tx.now })
}
