// The order of mails across processes: what order.ts keeps inside of one, this keeps between several on one PostgreSQL.
import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, inArray, lte, sql } from 'drizzle-orm'
import { param } from '../db/param.js'
import { type Db, prepared } from '../db/types.js'
import { LEASE_MS } from '../jobs/claim.js'
import type { JobRun } from '../jobs/types.js'
import { processIntake } from './tokens.js'

/** Came earlier, and is at work or about to be: not what failed and waits for its next try, which nobody waits for. */
const earlier = prepared<{ id: string; createdAt: Date }, { data: { keys?: string[] } }>(
  (q, { jobs }) =>
    q
      .select({ data: jobs.data })
      .from(jobs)
      .where(
        and(
          inArray(jobs.state, ['running', 'waiting']),
          lte(jobs.runAt, param(jobs.runAt, 'createdAt')),
          sql`${jobs.id} < ${sql.placeholder('id')}`,
          eq(jobs.name, processIntake.name),
          sql`${jobs.crashes} is null`,
        ),
      )
      .limit(200) as never,
)

/**
 * Resolves when no other process is at a mail that came earlier under one of these keys. Whoever is stuck is not waited
 * for longer than its lease; then the lock on the keys still keeps the two apart.
 */
export async function othersFirst(
  db: Db,
  { id, createdAt, signal }: Pick<JobRun<unknown>, 'id' | 'createdAt' | 'signal'>,
  keys: readonly string[],
): Promise<void> {
  if (db.dialect.oneWriter) return
  const own = new Set(keys)
  const until = performance.now() + LEASE_MS
  for (let pause = 10; performance.now() < until; pause = Math.min(pause * 1.5, 250)) {
    const rows = await db.run(earlier, { id, createdAt })
    if (!rows.some(({ data }) => data.keys?.some((key) => own.has(key)))) return
    await delay(pause, undefined, { signal })
  }
}
