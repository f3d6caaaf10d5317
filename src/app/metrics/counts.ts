// The queries behind the gauges. Each is bounded: a table with millions of rows must not make a scrape slow.
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { INTAKE_STATES } from '../../db/tables/intake.js'
import type { Db } from '../../db/types.js'

/** More than these are not counted; a desk with so many waiting has been alerted long before. */
const MOST = 100_000

export async function oldestDue(db: Db, now: Date): Promise<Date | null> {
  const { jobs } = db.t
  const [row] = await db
    .select({ runAt: jobs.runAt })
    .from(jobs)
    .where(and(eq(jobs.state, 'waiting'), lte(jobs.runAt, now)))
    .orderBy(asc(jobs.runAt))
    .limit(1)
  return row?.runAt ?? null
}

/** By the index of the states, each up to the bound: most intakes have ended long ago. */
export async function intakeCounts(db: Db): Promise<Map<string, number>> {
  const { intakes } = db.t
  const parts = INTAKE_STATES.map(
    (state) => sql`select ${sql.raw(`'${state}'`)} as state, count(*) as count from (
      select 1 from ${intakes} where ${intakes.state} = ${sql.raw(`'${state}'`)} limit ${MOST}) as part`,
  )
  const rows = await db.rows<{ state: string; count: number }>(sql.join(parts, sql` union all `))
  return new Map(rows.map(({ state, count }) => [state, Number(count)]))
}
