// The engine `local` beside many rows that wait: how late a job begins, how many are worked off in a second, and what
// memory it takes. `node dist/scripts/bench/jobs.js [rows …]`; default 100000 and 1000000.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { systemClock } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { createLocalEngine } from '../../src/jobs/local.js'
import { schedule } from '../../src/jobs/schedule.js'
import { defineJob, JobHandlers } from '../../src/jobs/types.js'
import { figure, headline, openLedger, quantile, withFolder } from './common.js'

const SECONDS = 10
const DUE = 1_000
const AT_ONCE = 10_000
const ping = defineJob<{ due: number }>('bench.ping', { concurrency: 50 })
const sizes = process.argv.slice(2).map(Number)
const rates: number[] = []

headline(`the engine in the process; ${DUE} jobs fall due within ${SECONDS} s, then ${AT_ONCE} at once`)
for (const rows of sizes.length > 0 ? sizes : [100_000, 1_000_000])
  await withFolder(async (dir) => {
    await (await openLedger(dir)).close()
    fill(path.join(dir, 'frontdesk.db'), rows)
    const db = await openLedger(dir)
    const before = memory()
    const heard: number[] = []
    const handlers = new JobHandlers()
    handlers.add({ type: ping, run: async ({ data }) => void heard.push(Date.now() - data.due) })
    const engine = createLocalEngine({ db, clock: systemClock, handlers, log: console, sole: true })
    await engine.start()
    await add(db, spread())
    await until(() => heard.length === DUE)
    figure(`${rows} wait: lag p99 (goal: below 50 ms)`, `${quantile(heard, 0.99)} ms`)
    const now = Date.now()
    await add(db, Array<number>(AT_ONCE).fill(now))
    const from = performance.now()
    await until(() => heard.length === DUE + AT_ONCE)
    rates.push((AT_ONCE / (performance.now() - from)) * 1000)
    figure(`${rows} wait: worked off per second`, rates.at(-1)!.toFixed(0))
    const grown = (memory() - before) / 2 ** 20
    figure(`${rows} wait: memory grown by (goal: below 60 MB)`, `${grown.toFixed(0)} MB`)
    await engine.stop()
    await db.close()
  })
if (rates.length > 1)
  figure('rate, last to first (goal: at least 0.80)', (rates.at(-1)! / rates[0]!).toFixed(2))

function spread(): number[] {
  const first = Date.now() + 1_000
  return Array.from({ length: DUE }, (_, i) => first + Math.floor((i * SECONDS * 1_000) / DUE))
}

function add(db: Db, times: readonly number[]) {
  return db.transaction(async (tx) => {
    for (const due of times) await schedule(tx, ping, { due }, { at: new Date(due) })
  })
}

async function until(done: () => boolean) {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Bytes of this process alone: pages of the database that the system keeps for all are not counted (on Linux). */
function memory(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : ''
  const anonymous = /RssAnon:\s+(\d+) kB/.exec(status)?.[1]
  return anonymous ? Number(anonymous) * 1024 : process.memoryUsage().rss
}

/** Jobs of the same kind that are due within the next days. */
function fill(file: string, rows: number) {
  const db = new SqliteDriver(file)
  const job = db.prepare(
    `insert into jobs (id, name, key, data, run_at, state, attempts, created_at)
     values (?, ?, ?, '{}', ?, 'waiting', 0, ?)`,
  )
  const now = Date.now()
  db.transaction(() => {
    for (let index = 0; index < rows; index++)
      job.run(`wait-${index}`, ping.name, `wait ${index}`, now + 3_600_000 + index * 1_000, now)
  })()
  db.close()
}
