// How late a job begins that falls due while 100,000 others wait in the ledger.
// `node dist/scripts/bench/jobs.js [due jobs]`; they fall due one by one over ten seconds.
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { systemClock } from '../../src/clock.js'
import { openSqlite } from '../../src/db/sqlite.js'
import { createLocalEngine } from '../../src/jobs/local.js'
import { schedule } from '../../src/jobs/schedule.js'
import { defineJob, JobHandlers } from '../../src/jobs/types.js'
import { figure, headline, makeDesk, quantile, withFolder } from './common.js'

const WAITING = 100_000
const SECONDS = 10
const ping = defineJob<{ due: number }>('bench.ping')

await withFolder(async (dir) => {
  const due = Number(process.argv[2] ?? 1_000)
  await makeDesk(dir)
  const file = path.join(dir, 'frontdesk.db')
  fill(file)
  const lags: number[] = []
  const handlers = new JobHandlers()
  handlers.add({
    type: ping,
    async run({ data }) {
      lags.push(Date.now() - data.due)
    },
  })
  const db = openSqlite({ file, clock: systemClock })
  const engine = createLocalEngine({ db, clock: systemClock, handlers, log: console, sole: true })
  await engine.start()
  const first = Date.now() + 1_000
  await db.transaction(async (tx) => {
    for (let index = 0; index < due; index++) {
      const at = first + Math.floor((index * SECONDS * 1_000) / due)
      await schedule(tx, ping, { due: at }, { key: `ping ${index}`, at: new Date(at) })
    }
  })
  while (lags.length < due) await new Promise((resolve) => setTimeout(resolve, 100))
  await engine.stop()
  await db.close()
  headline(`${due} jobs fall due within ${SECONDS} s while ${WAITING} wait`)
  figure('lag, median', `${quantile(lags, 0.5)} ms`)
  figure('lag, p99 (goal: below 50 ms)', `${quantile(lags, 0.99)} ms`)
})

/** Jobs of the same kind that are due within the next days. */
function fill(file: string) {
  const db = new SqliteDriver(file)
  const job = db.prepare(
    `insert into jobs (id, name, key, data, run_at, state, attempts, created_at)
     values (?, ?, ?, '{}', ?, 'waiting', 0, ?)`,
  )
  const now = Date.now()
  db.transaction(() => {
    for (let index = 0; index < WAITING; index++)
      job.run(`wait-${index}`, ping.name, `wait ${index}`, now + 3_600_000 + index * 1_000, now)
  })()
  db.close()
}
