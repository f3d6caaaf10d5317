// The ledger as lists for a person who looks at it: counts by one query, pages by another. Reads only.
import { and, asc, eq, gt, lte, type SQL, sql } from 'drizzle-orm'
import type { Db, Reader } from '../db/types.js'

/** `waiting` is due, `delayed` is planned for later. */
export const SHOWN_STATES = ['waiting', 'delayed', 'running', 'parked', 'dead'] as const
export type ShownState = (typeof SHOWN_STATES)[number]

/** No more of those that wait, and of those that are planned, are counted: a page must not become slow by a table of millions. */
const MOST = 100_000

export interface JobCount {
  name: string
  state: ShownState
  count: number
}

/** Each state apart, by the index of the states: whatever waits, a dead job is not missed. */
export async function jobCounts(db: Db, now: Date, most = MOST): Promise<JobCount[]> {
  const { jobs } = db.t
  const at = sql.param(now, jobs.runAt)
  const waiting = (state: ShownState, when: SQL) => sql`
    select name, ${sql.raw(`'${state}'`)} as state from (
      select name from ${jobs} where ${jobs.state} = 'waiting' and ${when} order by ${jobs.runAt} limit ${most}
    ) as part`
  const rows = await db.rows<JobCount>(sql`
    select name, state, count(*) as count from (
      select name, state from ${jobs} where ${jobs.state} in ('running', 'parked', 'dead')
      union all ${waiting('waiting', sql`${jobs.runAt} <= ${at}`)}
      union all ${waiting('delayed', sql`${jobs.runAt} > ${at}`)}
    ) as shown group by name, state`)
  // PostgreSQL gives bigint as text.
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

const isShown = (r: Reader, state: ShownState, now: Date): SQL | undefined => {
  const { jobs } = r.t
  if (state === 'waiting') return and(eq(jobs.state, 'waiting'), lte(jobs.runAt, now))
  if (state === 'delayed') return and(eq(jobs.state, 'waiting'), gt(jobs.runAt, now))
  return eq(jobs.state, state)
}

export interface Page {
  name: string
  state: ShownState
  from: number
  limit: number
}

/** In the order in which they are due. */
export const jobPage = (db: Db, now: Date, { name, state, from, limit }: Page) =>
  db
    .select()
    .from(db.t.jobs)
    .where(and(eq(db.t.jobs.name, name), isShown(db, state, now)))
    .orderBy(asc(db.t.jobs.runAt), asc(db.t.jobs.id))
    .limit(limit)
    .offset(from)

export async function jobById(db: Db, name: string, id: string) {
  const { jobs } = db.t
  const [job] = await db
    .select()
    .from(jobs)
    .where(and(eq(jobs.id, id), eq(jobs.name, name)))
  return job
}
