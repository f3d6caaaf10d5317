// The workers of scale.ts: each job writes one row in a transaction of its own, which also ends the job.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createEngine } from '../../src/app/engine.js'
import { ROOT } from '../../src/app/root.js'
import { newId, systemClock } from '../../src/clock.js'
import { type Config, readConfig } from '../../src/config.js'
import type { Db } from '../../src/db/types.js'
import { connect } from '../../src/jobs/bullmq/redis.js'
import { schedule } from '../../src/jobs/schedule.js'
import { defineJob, JobHandlers } from '../../src/jobs/types.js'
import { createSchema } from '../../src/testing/databases.js'
import { endLater, openLedger, say, startRedis } from './common.js'
import { cpuDuring, type Run, tell } from './cpu.js'

const type = defineJob<{ at: number }>('bench', { concurrency: 32 })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Keys of its own for each run: what another left in Redis is not in the way. */
const configOf = (redis: string, prefix: string): Config =>
  readConfig(redis ? { REDIS_URL: redis, REDIS_PREFIX: prefix } : {}, ROOT)

function handlersOf(db: Db, onDone: () => void): JobHandlers {
  const handlers = new JobHandlers()
  handlers.add({
    type,
    async run(job) {
      await db.transaction(async (tx) => {
        const row = { plugin: 'bench', key: job.id, level: 'info', text: 'done' } as const
        await tx.insert(tx.t.notices).values({ ...row, createdAt: tx.now })
        await job.complete(tx)
      })
      onDone()
    },
  })
  return handlers
}

/** A worker: starts at the first word it hears, says every 50 ms how many it has run, stops at the second. */
export async function work([dir, url, redis, prefix]: string[]): Promise<void> {
  process.env.BENCH_POSTGRES = url
  const db = await openLedger(dir!)
  let ran = 0
  const handlers = handlersOf(db, () => ran++)
  const engine = await createEngine(configOf(redis!, prefix!), {
    db,
    clock: systemClock,
    handlers,
    log: console,
  })
  // Its connections are open before the clock runs.
  await Promise.all(Array.from({ length: 10 }, () => db.check()))
  say('ready')
  await once(process, 'message')
  await engine.start()
  const telling = setInterval(() => say(ran), 50)
  await once(process, 'message')
  clearInterval(telling)
  await engine.stop()
  await db.close()
  process.disconnect()
}

export async function measureJobs(
  dir: string,
  server: { url: string; pid: number },
  rounds: number,
  jobs: number,
) {
  const redis = await startRedis(dir)
  const runs = new Map<string, Run[]>()
  for (let round = 0; round < rounds; round++)
    for (const count of [1, 2, 4])
      for (const [name, url] of [
        ['PostgreSQL alone', ''],
        ['with Redis', redis],
      ] as const) {
        const key = `jobs, ${name}, ${count} worker${count === 1 ? '' : 's'}`
        const run = await runJobs(dir, server, url, count, jobs)
        runs.set(key, [...(runs.get(key) ?? []), run])
      }
  for (const [name, all] of [...runs].sort(([a], [b]) => a.localeCompare(b))) tell(name, all)
}

async function runJobs(
  dir: string,
  server: { url: string; pid: number },
  redis: string,
  count: number,
  jobs: number,
): Promise<Run> {
  const schema = await createSchema(server.url)
  process.env.BENCH_POSTGRES = schema.url
  const db = await openLedger(dir)
  const prefix = `{bench-${newId()}}`
  const redisPid = await fill(db, configOf(redis, prefix), jobs)
  const script = path.join(import.meta.dirname, 'scale.js')
  const workers = Array.from({ length: count }, () =>
    fork(script, ['worker', dir, schema.url, redis, prefix]),
  )
  for (const worker of workers) endLater(worker)
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const parts = new Map([
    ...workers.map((worker, at) => [`worker ${at + 1}`, worker.pid!] as const),
    ['postgres', server.pid] as const,
    ...(redisPid ? [['redis', redisPid] as const] : []),
  ])
  const { result: ms, cpu } = await cpuDuring(parts, () => allRun(workers, jobs))
  for (const worker of workers) worker.send('stop')
  await Promise.all(workers.map((worker) => once(worker, 'exit')))
  await db.close()
  await schema.drop()
  return { rate: (jobs / ms) * 1000, seconds: ms / 1000, cpu }
}

function allRun(workers: readonly ChildProcess[], jobs: number): Promise<number> {
  const ran = new Map<ChildProcess, number>()
  const from = performance.now()
  return new Promise((resolve) => {
    for (const worker of workers) {
      worker.on('message', (count) => {
        ran.set(worker, count as number)
        const all = [...ran.values()].reduce((sum, one) => sum + one, 0)
        if (all >= jobs) resolve(performance.now() - from)
      })
      worker.send('start')
    }
  })
}

/** Puts jobs in that are due; with Redis it also waits until all have been rung there. @returns the pid of Redis. */
async function fill(db: Db, config: Config, jobs: number): Promise<number | undefined> {
  const handlers = handlersOf(db, () => {})
  const engine = await createEngine(config, { db, clock: systemClock, handlers, log: console })
  while ((await engine.health?.())?.detail.startsWith('away')) await pause(20)
  for (let at = 0; at < jobs; at += 500)
    await db.transaction(async (tx) => {
      for (let one = at; one < Math.min(jobs, at + 500); one++) await schedule(tx, type, { at: one })
    })
  const queue = engine.dashboardQueues?.()[0]
  if (!queue) return undefined
  while ((await queue.getJobCountByTypes('waiting', 'delayed')) < jobs) await pause(20)
  await engine.stop()
  const client = connect(config.redisUrl!, { patient: true })
  const info = await client.info('server')
  client.disconnect()
  return Number(/process_id:(\d+)/.exec(info)?.[1])
}
