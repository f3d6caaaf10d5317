// A worker in a process of its own, which dies or stands still as the test wants. Arguments: the folder of its SQLite
// file, the address of Redis, the prefix, its name, and how many jobs it gives itself.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../src/clock.js'
import { createBullmqEngine } from '../../src/jobs/bullmq/engine.js'
import { schedule } from '../../src/jobs/schedule.js'
import { JobHandlers, type JobRun } from '../../src/jobs/types.js'
import { openTestDatabase } from '../../src/testing/index.js'
import { until } from './databases.js'
import { kind } from './ledger.js'

/** Longer than a lease, and the time until somebody looks whether it has ended. */
export const BLOCKED_MS = 58_000

const [dir, url, prefix, name, own = '0'] = process.argv.slice(2) as [string, string, string, string, string?]
const db = await openTestDatabase('sqlite', dir, systemClock)
const handlers = new JobHandlers()

const effect = ({ data, complete }: JobRun<number>, what: string) =>
  db.transaction(async (tx) => {
    await tx.insert(tx.t.settings).values({ key: `${what} ${data}`, value: name, updatedAt: tx.now })
    await complete(tx)
  })

kind(handlers, 'deadly', async (job) => {
  const file = path.join(dir, 'deaths')
  appendFileSync(file, 'x')
  if (readFileSync(file).length <= 2) process.kill(process.pid, 'SIGKILL')
  await effect(job, 'deadly')
})
kind(handlers, 'blocking', async (job) => {
  const file = path.join(dir, 'blocked')
  if (!existsSync(file)) {
    appendFileSync(file, 'x')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS)
    appendFileSync(file, 'x')
  }
  await effect(job, 'blocking')
})
const plain = kind(handlers, 'plain', (job) => effect(job, 'plain'))

const log = { warn() {}, error() {} }
const engine = createBullmqEngine({ db, clock: systemClock, handlers, log, url, prefix })
await engine.start()
// Of what is scheduled before it is connected it would only be told later.
await until(async () => Number(own) === 0 || !/away/.test((await engine.health!()).detail))
await db.transaction(async (tx) => {
  for (let i = 0; i < Number(own); i++) await schedule(tx, plain, i, { at: new Date(Date.now() + i * 10) })
})
process.once('SIGTERM', async () => {
  await engine.stop()
  await db.close()
})
