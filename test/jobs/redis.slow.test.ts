// Redis emptied, killed, frozen, cut off and away: no job is lost, no effect is doubled, nothing is a minute late, and
// afterwards jobs are rung for again. The intervals are those of the server.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { HOUR, MINUTE, SECOND, systemClock } from '../../src/clock.js'
import { schedule } from '../../src/jobs/schedule.js'
import { JobHandlers, type JobType } from '../../src/jobs/types.js'
import { gate, openDb, pause, times, until } from '../support/databases.js'
import { kind, openLedger } from '../support/ledger.js'
import { noRedis, ownRedis, type RedisServer } from '../support/redis.js'

/** Later than that was not rung for, but looked for. */
const BY_BELL = 7 * SECOND
const LATEST = MINUTE

t.setTimeout(10 * MINUTE)

t.test('FLUSHALL with 2,000 delayed and 500 active jobs', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t)
  const desk = await openDesk(t, redis, { concurrency: 250 })
  const hold = gate()
  await desk.plan(500, 0, () => hold.passed)
  await desk.start()
  t.ok(await until(() => desk.begun() === 500, MINUTE), 'all of them run')
  await desk.plan(2000, 15 * SECOND)
  await redis.ask('FLUSHALL')
  hold.open()
  await desk.ends(t)
})

t.test('killed without persistence, and back without anything', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t)
  const desk = await openDesk(t, redis)
  await desk.start()
  await desk.plan(300, 12 * SECOND)
  await pause(SECOND)
  await redis.kill()
  await pause(3 * SECOND)
  await redis.start()
  await desk.ends(t)
})

t.test('away at the start', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t, { start: false })
  const desk = await openDesk(t, redis)
  await desk.plan(50, 2 * SECOND)
  await desk.start()
  t.match(await desk.health(), { ok: false, detail: /away/ })
  t.ok(await until(desk.done, LATEST), 'the ledger is enough')
  t.equal(
    desk.warnings.filter((line) => /Redis is away/.test(line)).length,
    3,
    'one line of each engine, not one for each try',
  )
  await redis.start()
  await desk.ends(t)
})

t.test('away for a minute', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t)
  const desk = await openDesk(t, redis)
  await desk.start()
  await desk.plan(600, 75 * SECOND)
  await pause(2 * SECOND)
  await redis.kill()
  const before = memory()
  for (let i = 0; i < 40; i++) {
    await desk.waiting(100)
    await pause(1500)
  }
  const grown = memory() - before
  t.ok(grown < 10, `${grown} MB more after 4,000 jobs that could not be told`)
  await redis.start()
  await desk.ends(t)
})

t.test('frozen, and going on', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t)
  const desk = await openDesk(t, redis)
  await desk.start()
  await desk.plan(200, 15 * SECOND)
  await pause(SECOND)
  await redis.kill('SIGSTOP')
  const before = Date.now()
  await desk.waiting(500)
  t.ok(Date.now() - before < 5 * SECOND, 'no commit waits for it')
  t.match(await desk.health(), { ok: false })
  await pause(12 * SECOND)
  await redis.kill('SIGCONT')
  await desk.ends(t)
})

t.test('all its connections cut, again and again', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t)
  const desk = await openDesk(t, redis)
  await desk.start()
  const cutting = (async () => {
    for (let i = 0; i < 25; i++) {
      for (const type of ['normal', 'pubsub']) await redis.ask('CLIENT', 'KILL', 'TYPE', type).catch(() => {})
      await pause(200)
    }
  })()
  for (let i = 0; i < 10; i++) {
    await desk.plan(40, SECOND)
    await pause(500)
  }
  await cutting
  await desk.ends(t)
})

t.test('a server that may drop jobs is warned of', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t, { args: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'] })
  const desk = await openDesk(t, redis)
  await desk.start()
  t.ok(await until(() => desk.warnings.some((line) => /allkeys-lru.*noeviction/.test(line))))
  t.match(await desk.health(), { ok: false, detail: /allkeys-lru/ })
  await desk.plan(20, SECOND)
  await desk.ends(t)
})

t.test('a wrong password is said plainly, and the desk works', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t, { args: ['--requirepass', 'right'] })
  const url = redis.url.replace('//', '//:wrong@')
  const desk = await openDesk(t, { ...redis, url })
  await desk.plan(20, 0)
  await desk.start()
  t.ok(await until(() => desk.warnings.some((line) => /Redis.*(WRONGPASS|password)/.test(line))))
  t.match(await desk.health(), { ok: false, detail: /password|WRONGPASS/ })
  t.ok(await until(desk.done, LATEST))
  t.notOk(/'wrong'|wrong@/.test(desk.logged()), 'the password is not in the log')
})

/** Two engines on one database, and jobs whose effect is written together with their end. */
async function openDesk(t: Test, redis: Pick<RedisServer, 'url'>, { concurrency = 8 } = {}) {
  const db = await openDb(t, 'sqlite', systemClock)
  const ledger = openLedger(t, db, systemClock, {
    concurrency: Math.max(64, concurrency + 10),
    engine: 'bullmq',
    redis: redis.url,
  })
  const wait = new Map<number, () => Promise<void>>()
  const due = new Map<number, number>()
  const runs = new Map<number, number>()
  let latest = 0
  let type!: JobType<number>
  const engines = times(2, () => {
    const handlers = new JobHandlers()
    type = kind(
      handlers,
      'job',
      async ({ data, complete }) => {
        runs.set(data, (runs.get(data) ?? 0) + 1)
        latest = Math.max(latest, Date.now() - due.get(data)!)
        await wait.get(data)?.()
        await db.transaction(async (tx) => {
          await tx.insert(tx.t.settings).values({ key: `${data}`, value: 1, updatedAt: tx.now })
          await complete(tx)
        })
      },
      { concurrency, backoff: () => 500 },
    )
    return ledger.worker({ handlers })
  })
  const effects = async () => (await db.select({ key: db.t.settings.key }).from(db.t.settings)).length
  const desk = {
    warnings: ledger.warnings,
    logged: ledger.logged,
    begun: () => runs.size,
    start: () => Promise.all(engines.map((engine) => engine.start())),
    health: () => engines[0]!.health!(),
    /** So many jobs, due in the next `spanMs`. */
    plan: (count: number, spanMs: number, until?: () => Promise<void>) =>
      db.transaction(async (tx) => {
        for (let i = 0; i < count; i++) {
          const at = Date.now() + Math.floor((spanMs * i) / count)
          const n = due.size
          due.set(n, at)
          if (until) wait.set(n, until)
          await schedule(tx, type, n, { at: new Date(at) })
        }
      }),
    /** So many that nobody will see run. */
    waiting: (count: number) =>
      db.transaction(async (tx) => {
        for (let i = 0; i < count; i++) await schedule(tx, type, -1, { at: new Date(Date.now() + HOUR) })
      }),
    done: async () => (await effects()) === due.size,
    /** All is done that was planned, once and in time; then each engine is rung again. */
    async ends(t: Test) {
      t.ok(await until(desk.done, 2 * MINUTE), `${await effects()} of ${due.size} are done`)
      t.same(
        [...runs].filter(([, count]) => count !== 1),
        [],
        'each ran once',
      )
      t.ok(latest < LATEST, `the latest came ${latest} ms after its time`)
      t.same(
        ledger.warnings.filter((line) => /lost|UNIQUE/.test(line)),
        [],
        'none ran twice',
      )
      t.ok(
        await until(
          async () => (await desk.health()).ok || /append|policy/.test((await desk.health()).detail),
          MINUTE,
        ),
      )
      // Until Redis has been told of all: what comes after that has nothing but its bell.
      for (let tries = 0, heard = false; !heard; tries++) {
        const from = Date.now()
        await desk.plan(20, SECOND)
        heard = (await until(desk.done, MINUTE)) && Date.now() - from < BY_BELL
        if (!heard && tries < 5) continue
        t.ok(heard, `new jobs are rung for (at try ${tries + 1})`)
        break
      }
      for (const engine of engines) await engine.stop(SECOND)
    },
  }
  return desk
}

function memory(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return Math.round(process.memoryUsage().heapUsed / 1024 / 1024)
}
