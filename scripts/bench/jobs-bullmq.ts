// The engine `bullmq` beside bare BullMQ on the same Redis: putting delayed jobs in, working them off, lag.
// `node dist/scripts/bench/jobs-bullmq.js [jobs] [delayed]`; starts a redis-server of its own, or uses BENCH_REDIS.
// The ledger is SQLite in a temporary folder, or the empty database that BENCH_POSTGRES names.
import { Queue, Worker } from 'bullmq'
import { newId, systemClock } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { createBullmqEngine } from '../../src/jobs/bullmq/engine.js'
import { connect } from '../../src/jobs/bullmq/redis.js'
import { schedule } from '../../src/jobs/schedule.js'
import { defineJob, JobHandlers } from '../../src/jobs/types.js'
import { figure, headline, median, openLedger, quantile, startRedis, withFolder } from './common.js'

const jobs = Number(process.argv[2] ?? 5_000)
const delayed = Number(process.argv[3] ?? 100_000)
const ROUNDS = 5
const AT_ONCE = 32
const CONCURRENCY = 50
const LAG_SECONDS = 10
const LAG_JOBS = 1_000
const HOUR = 3_600_000
const type = defineJob<{ due: number }>('bench', { concurrency: CONCURRENCY })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

await withFolder(async (dir) => {
  const url = await startRedis(dir)
  const db = await openLedger(dir)
  const bare = bareBullmq(url)
  const ours = engineOf(db, url)
  headline(`BullMQ through the ledger (${db.dialect.name}) and bare, ${jobs} jobs, ${ROUNDS} rounds`)
  await enqueue(bare, ours)
  await workOff(bare, ours)
  await lag(bare, ours)
  await ours.stop()
  await bare.stop()
  await db.close()
})

interface Subject {
  /** Puts `count` delayed ones in, one by one, so many at a time; resolves when all are in Redis. */
  add(count: number): Promise<void>
  /** Puts `count` in that are due now. */
  fill(count: number): Promise<void>
  /** Fills in `waiting` for later, and some that fall due one by one; answers how late each began. */
  lags(waiting: number): Promise<number[]>
  /** Works until `count` have run; answers the milliseconds. */
  work(count: number): Promise<number>
  empty(): Promise<void>
  stop(): Promise<void>
}

async function compare(
  name: string,
  goal: string,
  run: (subject: Subject) => Promise<number>,
  a: Subject,
  b: Subject,
) {
  const ratios: number[] = []
  const rates: [number, number][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const one = await run(a)
    const two = await run(b)
    ratios.push(two / one)
    rates.push([one, two])
  }
  const [bareRate, ourRate] = [0, 1].map((i) => Math.round(median(rates.map((rate) => rate[i]!))))
  figure(`${name}: bare, ours, per second`, `${bareRate}, ${ourRate}`)
  figure(`${name}: ratio (goal: at least ${goal})`, median(ratios).toFixed(2))
}

function enqueue(bare: Subject, ours: Subject) {
  return compare(
    'put in',
    '0.50',
    async (subject) => {
      const from = performance.now()
      await subject.add(jobs)
      const rate = (jobs / (performance.now() - from)) * 1000
      await subject.empty()
      return rate
    },
    bare,
    ours,
  )
}

function workOff(bare: Subject, ours: Subject) {
  return compare(
    'worked off',
    '0.60',
    async (subject) => {
      await subject.fill(jobs)
      return (jobs / (await subject.work(jobs))) * 1000
    },
    bare,
    ours,
  )
}

async function lag(bare: Subject, ours: Subject) {
  const all: number[][] = []
  for (const subject of [bare, ours]) {
    all.push(await subject.lags(delayed))
    await subject.empty()
  }
  const [one, two] = all.map((lags) => quantile(lags, 0.99)) as [number, number]
  figure(`lag p99 beside ${delayed} delayed: bare, ours`, `${one}, ${two} ms`)
  figure('lag p99: ratio (goal: at most 1.5)', (two / one).toFixed(2))
}

/** Calls `add` for each number, `AT_ONCE` of them under way. */
async function each(count: number, add: (index: number) => Promise<unknown>) {
  let next = 0
  const one = async () => {
    while (next < count) await add(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

function dueTimes() {
  const first = Date.now() + 3_000
  return Array.from({ length: LAG_JOBS }, (_, i) => first + Math.floor((i * LAG_SECONDS * 1000) / LAG_JOBS))
}

function bareBullmq(url: string): Subject {
  const connection = connect(url, { patient: true })
  const options = { connection: connection as never, prefix: '{bare}' }
  const queue = new Queue('bench', options)
  const kept = { removeOnComplete: true, removeOnFail: true }
  const bulk = async (count: number, delay: (i: number) => number) => {
    for (let at = 0; at < count; at += 1_000)
      await queue.addBulk(
        Array.from({ length: Math.min(1_000, count - at) }, (_, i) => ({
          name: 'bench',
          data: { due: Date.now() + delay(at + i) },
          opts: { jobId: newId(), delay: delay(at + i), ...kept },
        })),
      )
  }
  const workers: Worker[] = []
  const run = (count: number, onJob: (due: number) => void) =>
    new Promise<number>((resolve) => {
      const from = performance.now()
      let ran = 0
      const worker = new Worker(
        'bench',
        async ({ data }) => {
          onJob(data.due)
          if (++ran === count) resolve(performance.now() - from)
        },
        { ...options, concurrency: CONCURRENCY, removeOnComplete: { count: 0 } },
      )
      workers.push(worker)
    })
  const closeWorkers = async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()))
  }
  return {
    add: (count) => each(count, () => queue.add('bench', {}, { jobId: newId(), delay: HOUR, ...kept })),
    fill: (count) => bulk(count, () => 0),
    async work(count) {
      const ms = await run(count, () => {})
      await closeWorkers()
      return ms
    },
    async lags(waiting) {
      await bulk(waiting, (i) => HOUR + i * 100)
      const lags: number[] = []
      const done = run(LAG_JOBS, (due) => lags.push(Date.now() - due))
      const now = Date.now()
      const times = dueTimes()
      await queue.addBulk(
        times.map((due) => ({
          name: 'bench',
          data: { due },
          opts: { jobId: newId(), delay: due - now, ...kept },
        })),
      )
      await done
      await closeWorkers()
      return lags
    },
    empty: () => queue.obliterate({ force: true }),
    async stop() {
      await closeWorkers()
      await queue.close()
      connection.disconnect()
    },
  }
}

function engineOf(db: Db, url: string): Subject {
  let heard = (_: number) => {}
  const handlers = new JobHandlers()
  handlers.add({ type, run: async ({ data }) => heard(data.due) })
  const open = () =>
    createBullmqEngine({
      ...{
        db,
        clock: systemClock,
        handlers,
        log: console,
        sole: true,
        url,
        prefix: '{ours}',
        concurrency: 64,
      },
    })
  // Puts in only: its bells ring in every process, its workers are not started.
  const bells = open()
  const inRedis = async (count: number) => {
    const [queue] = bells.dashboardQueues!()
    while ((await queue!.getJobCountByTypes('delayed', 'waiting')) < count) await pause(5)
  }
  const add = (at: Date) => db.transaction((tx) => schedule(tx, type, { due: at.getTime() }, { at }))
  const many = async (times: readonly Date[]) => {
    for (let at = 0; at < times.length; at += 1_000)
      await db.transaction(async (tx) => {
        for (const time of times.slice(at, at + 1_000))
          await schedule(tx, type, { due: time.getTime() }, { at: time })
      })
    await inRedis(times.length)
  }
  const run = async (count: number, onJob: (due: number) => void) => {
    let ran = 0
    const engine = open()
    const from = performance.now()
    const done = new Promise<number>((resolve) => {
      heard = (due) => {
        onJob(due)
        if (++ran === count) resolve(performance.now() - from)
      }
    })
    await engine.start()
    return { engine, done }
  }
  return {
    async add(count) {
      await each(count, () => add(new Date(Date.now() + HOUR)))
      await inRedis(count)
    },
    fill: (count) => many(Array.from({ length: count }, () => new Date())),
    async work(count) {
      const { engine, done } = await run(count, () => {})
      const ms = await done
      await engine.stop()
      return ms
    },
    async lags(waiting) {
      await many(Array.from({ length: waiting }, (_, i) => new Date(Date.now() + HOUR + i * 100)))
      const lags: number[] = []
      const { engine, done } = await run(LAG_JOBS, (due) => lags.push(Date.now() - due))
      const times = dueTimes()
      await db.transaction(async (tx) => {
        for (const due of times) await schedule(tx, type, { due }, { at: new Date(due) })
      })
      await done
      await engine.stop()
      return lags
    },
    async empty() {
      await db.transaction((tx) => tx.delete(tx.t.jobs))
      await bells.dashboardQueues!()[0]!.obliterate({ force: true })
    },
    stop: () => bells.stop(),
  }
}
