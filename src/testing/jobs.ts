// Running the jobs of a test: what is due now, or all that comes due on the way to an instant.
import { and, asc, eq, gt, lte } from 'drizzle-orm'
import type { App } from '../app/app.js'
import type { ManualClock } from './clock.js'

/** @param twice every job a second time, as a crash between its effect and its record would bring it. */
export async function runDueJobs(app: App, twice = false): Promise<number> {
  if (!twice) return app.engine.runDue()
  const due = await dueJobs(app)
  const ran = await app.engine.runDue()
  await again(app, due)
  return ran + (await app.engine.runDue())
}

/** The clock goes from one due time to the next, so that each job runs at its own, and stands at `at` in the end. */
export async function runUntil(app: App, clock: ManualClock, at: Date, twice: boolean): Promise<number> {
  let ran = await runDueJobs(app, twice)
  for (let next = await nextTime(app, at); next; next = await nextTime(app, at)) {
    clock.set(next)
    ran += await runDueJobs(app, twice)
  }
  if (at > clock.now()) clock.set(at)
  return ran
}

async function nextTime({ db, clock }: App, until: Date): Promise<Date | undefined> {
  const { jobs } = db.t
  const [row] = await db
    .select({ at: jobs.runAt })
    .from(jobs)
    .where(and(eq(jobs.state, 'waiting'), gt(jobs.runAt, clock.now()), lte(jobs.runAt, until)))
    .orderBy(asc(jobs.runAt))
    .limit(1)
  return row?.at
}

const dueJobs = async ({ db, clock }: App) =>
  (await db.select().from(db.t.jobs).where(eq(db.t.jobs.state, 'waiting'))).filter(
    (row) => row.runAt <= clock.now(),
  )

/** What a crash between the effect and its record looks like: the job comes again. */
const again = (app: App, rows: Awaited<ReturnType<typeof dueJobs>>) =>
  app.db.transaction(async (tx) => {
    for (const row of rows)
      await tx
        .insert(tx.t.jobs)
        .values({ ...row, key: null })
        .onConflictDoNothing()
  })
