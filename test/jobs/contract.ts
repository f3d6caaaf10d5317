// The contract of engines: what each of them promises, on the system clock. Nothing here asks how fast; but what must
// come by a bell has less time than a look for what is overdue would need, which would hide a lost bell.
import type { Test } from 'tap'
import { HOUR, MINUTE, newId, systemClock } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { retryDead } from '../../src/jobs/recover.js'
import { cancel, cancelMany, schedule, scheduleMany } from '../../src/jobs/schedule.js'
import { type DatabaseName, testRedis } from '../../src/testing/index.js'
import { gate, openDb, pause, times, until } from '../support/databases.js'
import { type EngineName, kind, type Ledger, type LedgerOptions, openLedger } from '../support/ledger.js'
import { sharing } from './contract-sharing.js'

const soon = (ms: number) => new Date(Date.now() + ms)
/** Long, for a busy machine, and still below the time at which these engines look for what nothing rang for. */
export const BY_BELL = 60_000
const UPKEEP_MS = 10 * MINUTE

export interface Contract {
  db: Db
  /** Whether a commit is cheap, so that there can be many. */
  many: boolean
  open(t: Test, options?: Pick<LedgerOptions, 'concurrency' | 'upkeepMs'>): Ledger
  /** Names of the rows of settings: effects of jobs. */
  notes(): Promise<string[]>
}

/** Both engines, one after the other: where the database is PGlite, a start of it costs seconds. */
export function contract(t: Test, name: DatabaseName) {
  const engines: EngineName[] = ['local', 'bullmq']
  for (const engine of engines) {
    const skip = engine === 'bullmq' && !testRedis() && 'FRONTDESK_TEST_REDIS is not set'
    t.test(`the engine ${engine} on ${name}`, { skip }, async (t) => {
      const db = await openDb(t, name, systemClock)
      t.afterEach(() =>
        db.transaction(async (tx) => {
          await tx.delete(tx.t.jobs)
          await tx.delete(tx.t.settings)
          await tx.delete(tx.t.limits)
        }),
      )
      const kit: Contract = {
        db,
        many: name === 'sqlite' && engine === 'local',
        open: (t, options) => openLedger(t, db, systemClock, { engine, upkeepMs: UPKEEP_MS, ...options }),
        notes: async () => (await db.select().from(db.t.settings)).map(({ key }) => key).sort(),
      }
      ringing(t, kit)
      trying(t, kit)
      sharing(t, kit)
      if (engine === 'local') timer(t, kit)
    })
  }
}

function ringing(t: Test, { db, many, open }: Contract) {
  t.test('a commit wakes it, and so does the time, also with 2,000 rows that wait for later', async (t) => {
    const { handlers, add, engine } = open(t)
    const seen: number[] = []
    const job = kind(handlers, 'job', ({ data }) => seen.push(data))
    await db.transaction(async (tx) => {
      const row = { name: job.name, data: -1, state: 'waiting' as const, attempts: 0, createdAt: tx.now }
      await tx.insert(tx.t.jobs).values(times(2000, (i) => ({ ...row, id: newId(), runAt: soon(HOUR + i) })))
    })
    await add(job, 1)
    await engine.start()
    t.ok(await until(() => seen.includes(1), BY_BELL), 'what was due at the start')
    await add(job, 2)
    t.ok(await until(() => seen.includes(2), BY_BELL), 'by the commit')
    await add(job, 4, { at: soon(900) })
    await add(job, 3, { at: soon(60) })
    t.ok(await until(() => seen.includes(4), BY_BELL), 'by the time')
    t.same(seen, [1, 2, 3, 4])
    await engine.stop()
  })

  t.test('nothing runs before its time', async (t) => {
    const { handlers, add, engine } = open(t)
    const early: number[] = []
    let ran = 0
    const at = times(40, (i) => soon(150 + i * 7))
    const job = kind(handlers, 'job', ({ data }) => {
      ran++
      if (Date.now() < at[data]!.getTime()) early.push(data)
    })
    await engine.start()
    await Promise.all(at.map((when, i) => add(job, i, { at: when })))
    t.ok(await until(() => ran === at.length, BY_BELL), `${ran} of ${at.length}`)
    t.same(early, [])
    await engine.stop()
  })

  t.test('no wake is lost, however schedules and the end of a round fall together', async (t) => {
    const { handlers, engine } = open(t, { concurrency: 16 })
    const total = many ? 2000 : 120
    const seen = new Set<number>()
    let most = 0
    let running = 0
    const job = kind(handlers, 'job', async ({ data }) => {
      most = Math.max(most, ++running)
      if (data % 3 === 0) await pause(0)
      seen.add(data)
      running--
    })
    await engine.start()
    const callers = 8
    const caller = async (own: number) => {
      for (let i = own; i < total; i += callers) {
        // Now, in a moment, or a little later, from the same turn to several turns apart.
        const at = [undefined, soon(1), soon(5), soon(i % 40)][i % 4]
        await db.transaction((tx) => schedule(tx, job, i, at ? { at } : {}))
        for (let turn = (i * 7) % 5; turn > 0; turn--) await Promise.resolve()
        if (i % 40 === own) await pause(i % 7)
      }
    }
    await Promise.all(times(callers, caller))
    t.ok(await until(() => seen.size === total, BY_BELL), `${seen.size} of ${total}`)
    t.ok(most <= 8)
    await engine.stop()
  })

  t.test('one schedule at a time, each alone in the ledger, is never slept over', async (t) => {
    const { handlers, add, engine } = open(t)
    let ran = 0
    const job = kind(handlers, 'job', () => ran++)
    await engine.start()
    const rounds = many ? 200 : 20
    for (let i = 0; i < rounds; i++) {
      await add(job, i, i % 2 ? { at: soon(i % 3) } : {})
      for (let turn = i % 11; turn > 0; turn--) await Promise.resolve()
      if (i % 4 === 0 && !(await until(() => ran === i + 1, BY_BELL))) break
    }
    t.ok(await until(() => ran === rounds, BY_BELL), `${ran} of ${rounds}`)
    await engine.stop()
  })

  t.test(
    'the same key moves what waits, with new data, to earlier and to later; a cancel ends it',
    async (t) => {
      const { handlers, add, engine, rows } = open(t)
      const seen: [number, number][] = []
      const job = kind(handlers, 'job', ({ data }) => seen.push([data, Date.now()]))
      await engine.start()
      await add(job, 1, { key: 'earlier', at: soon(HOUR) })
      await add(job, 3, { key: 'later', at: soon(200) })
      await add(job, 5, { key: 'back', at: soon(200) })
      await pause(50)
      await add(job, 2, { key: 'earlier', at: soon(50) })
      const later = soon(600)
      await add(job, 4, { key: 'later', at: later })
      t.equal(await db.transaction((tx) => cancel(tx, job, 'back')), true)
      t.ok(await until(() => seen.length === 2, BY_BELL))
      await pause(100)
      t.same(
        seen.map(([data]) => data),
        [2, 4],
      )
      t.ok(seen[1]![1] >= later.getTime())
      t.same(await rows(), [])
      await engine.stop()
    },
  )

  t.test(
    'a batch rings as its jobs would one by one: now, at their time, moved and taken back',
    async (t) => {
      const { handlers, engine, rows } = open(t)
      const seen: number[] = []
      const job = kind(handlers, 'job', ({ data }) => seen.push(data))
      const many = (...jobs: Parameters<typeof scheduleMany<number>>[2][number][]) =>
        db.transaction((tx) => scheduleMany(tx, job, jobs))
      await engine.start()
      await many(...times(150, (i) => ({ data: i, key: `k${i}`, at: soon(HOUR) })), { data: 150 })
      t.ok(await until(() => seen.length === 1, BY_BELL), 'what is due at once')
      await many(
        { data: 200, key: 'k0', at: soon(400) },
        { data: 201, key: 'k1' },
        { data: 202, at: soon(200) },
      )
      const gone = await db.transaction((tx) => cancelMany(tx, job, ['k2', 'k149', 'k2', 'none']))
      t.same(gone.sort(), ['k149', 'k2'])
      t.ok(await until(() => seen.length === 4, BY_BELL))
      t.same(seen, [150, 201, 202, 200])
      t.ok(await until(async () => (await rows()).length === 146, BY_BELL), 'the others wait')
      await engine.stop()
    },
  )

  t.test('a handler may schedule its own key while it runs', async (t) => {
    const { handlers, add, engine, rows } = open(t)
    const seen: number[] = []
    const job = kind(handlers, 'job', async ({ data }) => {
      seen.push(data)
      if (data < 20) await add(job, data + 1, { key: 'k', ...(data % 2 && { at: soon(5) }) })
    })
    await engine.start()
    await add(job, 1, { key: 'k' })
    t.ok(await until(async () => seen.length === 20 && (await rows()).length === 0, BY_BELL))
    t.same(
      seen,
      times(20, (i) => i + 1),
    )
    await engine.stop()
  })
}

function trying(t: Test, { db, open, notes }: Contract) {
  const note = (key: string) =>
    db.transaction((tx) => tx.insert(tx.t.settings).values({ key, value: 1, updatedAt: tx.now }))

  t.test(
    'what fails comes again after its backoff, then dies once, and can be told to try again',
    async (t) => {
      const { handlers, add, engine, rows } = open(t)
      const tries: number[] = []
      let broken = true
      const job = kind(
        handlers,
        'job',
        async ({ attempt }) => {
          tries.push(Date.now())
          if (broken) throw new Error(`try ${attempt}`)
        },
        {
          attempts: 3,
          backoff: (attempt) => attempt * 150,
          dead: async (tx, data, error) => {
            await tx.insert(tx.t.settings).values({ key: `${data} ${error}`, value: 1, updatedAt: tx.now })
          },
        },
      )
      await engine.start()
      await add(job, 7)
      t.ok(await until(async () => (await rows()).some(({ state }) => state === 'dead'), BY_BELL))
      t.equal(tries.length, 3)
      t.ok(tries[1]! - tries[0]! >= 150 && tries[2]! - tries[1]! >= 300, `${tries}`)
      await pause(100)
      t.same(await notes(), ['7 try 3'])
      t.equal(tries.length, 3)
      broken = false
      await db.transaction(async (tx) => retryDead(tx, (await tx.select().from(tx.t.jobs))[0]!.id))
      t.ok(await until(async () => (await rows()).length === 0, BY_BELL))
      t.equal(tries.length, 4)
      await engine.stop()
    },
  )

  t.test('a job that ends in its own transaction has ended, or has had no effect', async (t) => {
    const { handlers, add, engine, rows } = open(t)
    const job = kind(
      handlers,
      'job',
      ({ data, attempt, complete }) =>
        db.transaction(async (tx) => {
          await tx.insert(tx.t.settings).values({ key: `${data}`, value: attempt, updatedAt: tx.now })
          await complete(tx)
          if (attempt === 1 && data % 2 === 0) throw new Error('in the last moment')
        }),
      { backoff: () => 50 },
    )
    await engine.start()
    await Promise.all(times(10, (i) => add(job, i)))
    t.ok(await until(async () => (await rows()).length === 0, BY_BELL))
    t.same(
      await notes(),
      times(10, (i) => `${i}`),
    )
    await engine.stop()
  })

  t.test('a paused kind is parked, and runs when it is resumed; nobody else waits for it', async (t) => {
    const { handlers, add, engine, rows } = open(t, { upkeepMs: 200 })
    const job = kind(handlers, 'job', ({ data }) => note(`job ${data}`))
    const other = kind(handlers, 'other', ({ data }) => note(`other ${data}`))
    await engine.start()
    handlers.pause('job')
    await Promise.all(times(10, (i) => add(i % 2 ? job : other, i)))
    t.ok(await until(async () => (await notes()).length === 5, BY_BELL), 'the others ran')
    t.ok(await until(async () => (await rows('job')).every(({ state }) => state === 'parked')))
    handlers.resume('job')
    t.ok(await until(async () => (await rows()).length === 0), 'the upkeep takes them back')
    t.equal((await notes()).length, 10)
    await engine.stop()
  })

  t.test('a kind that is paused at the start runs when it is resumed', async (t) => {
    const { handlers, add, engine, rows } = open(t, { upkeepMs: 200 })
    const job = kind(handlers, 'job', ({ data }) => note(`${data}`))
    handlers.pause('job')
    await engine.start()
    await add(job, 1)
    await pause(50)
    handlers.resume('job')
    t.ok(await until(async () => (await rows()).length === 0))
    await pause(300)
    await add(job, 2)
    t.ok(await until(async () => (await notes()).length === 2, BY_BELL), 'later ones are rung for')
    await engine.stop()
  })

  t.test('no more of a kind run at once than it allows, whatever rang for them', async (t) => {
    const { handlers, add, engine, rows } = open(t, { concurrency: 8 })
    let now = 0
    let most = 0
    const slow = gate()
    const narrow = kind(
      handlers,
      'narrow',
      async () => {
        most = Math.max(most, ++now)
        await slow.passed
        await pause(5)
        now--
      },
      { concurrency: 2 },
    )
    const wide = kind(handlers, 'wide', ({ data }) => note(`${data}`))
    // Some overdue since long, which are looked for, and some that are rung for.
    for (const i of times(15, (i) => i)) await add(narrow, i, { at: soon(-HOUR) })
    await engine.start()
    for (const i of times(15, (i) => i)) await add(narrow, i)
    for (const i of times(5, (i) => i)) await add(wide, i)
    t.ok(await until(async () => (await notes()).length === 5, BY_BELL), 'the others are not held up')
    slow.open()
    t.ok(await until(async () => (await rows()).length === 0, BY_BELL))
    t.equal(most, 2)
    await engine.stop()
  })
}

/** The local engine has one timer of its own, which a slow answer of the database must not outrun. */
function timer(t: Test, { db, open }: Contract) {
  t.test('what is scheduled while it looks for the next due time is not slept over', async (t) => {
    const { handlers, add, worker } = open(t)
    let ran = 0
    const job = kind(handlers, 'job', () => ran++)
    const engine = worker({ db: slowReader(db) })
    await engine.start()
    // It has found nothing to do and waits for the answer to "when is the next due?".
    await pause(30)
    await add(job, 1, { at: soon(100) })
    t.ok(await until(() => ran === 1, BY_BELL))
    await engine.stop()
  })
}

/** The same database, whose answers outside of transactions take a while to come back. */
function slowReader(db: Db): Db {
  const slow = <T extends object>(owner: T): T =>
    new Proxy(owner, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        if (key === 'then')
          return (resolve: (value: unknown) => void, reject: (error: unknown) => void) =>
            value.call(target, (answer: unknown) => pause(80).then(() => resolve(answer)), reject)
        return (...args: unknown[]) => {
          const result = value.apply(target, args)
          return typeof result === 'object' && result !== null ? slow(result) : result
        }
      },
    })
  return Object.create(db, {
    select: { value: slow(db).select },
    run: { value: slow(db).run },
    rows: { value: slow(db).rows },
  })
}
