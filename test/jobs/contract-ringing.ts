// The part of the contract of engines that is about when a job runs: by a commit, by the time, under its key.
import type { Test } from 'tap'
import { HOUR, newId } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { cancel, cancelMany, schedule, scheduleMany } from '../../src/jobs/schedule.js'
import { pause, times, until } from '../support/databases.js'
import { kind } from '../support/ledger.js'
import { BY_BELL, type Contract } from './contract.js'

const soon = (ms: number) => new Date(Date.now() + ms)

export function ringing(t: Test, { db, many, open }: Contract) {
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

/** The local engine has one timer of its own, which a slow answer of the database must not outrun. */
export function timer(t: Test, { db, open }: Contract) {
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
