// The engine as it runs in the server: system clock, woken by commits and by due times. Nothing here asks how fast.
// engine.test.ts runs it on SQLite, ledger.test.ts on PostgreSQL, because each start of PGlite costs seconds.
import type { Test } from 'tap'
import { HOUR, newId, systemClock } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { schedule } from '../../src/jobs/schedule.js'
import type { DatabaseName } from '../../src/testing/index.js'
import { openDb, pause, times, until } from '../support/databases.js'
import { kind, openLedger } from '../support/ledger.js'

const soon = (ms: number) => new Date(Date.now() + ms)

export function engine(t: Test, name: DatabaseName) {
  t.test(`engine on ${name}`, async (t) => {
    const db = await openDb(t, name, systemClock)
    t.afterEach(() => db.transaction((tx) => tx.delete(tx.t.jobs)))

    t.test('a commit wakes it, and so does the time, also with 2,000 rows that wait for later', async (t) => {
      const { handlers, add, engine } = openLedger(t, db, systemClock)
      const seen: number[] = []
      const job = kind(handlers, 'job', ({ data }) => seen.push(data))
      await db.transaction(async (tx) => {
        const row = { name: job.name, data: -1, state: 'waiting' as const, attempts: 0, createdAt: tx.now }
        await tx
          .insert(tx.t.jobs)
          .values(times(2000, (i) => ({ ...row, id: newId(), runAt: soon(HOUR + i) })))
      })
      await add(job, 1)
      await engine.start()
      t.ok(await until(() => seen.includes(1)), 'what was due at the start')
      await add(job, 2)
      t.ok(await until(() => seen.includes(2)), 'by the commit')
      await add(job, 4, { at: soon(300) })
      await add(job, 3, { at: soon(60) })
      t.ok(await until(() => seen.includes(4)), 'by the time')
      t.same(seen, [1, 2, 3, 4])
      await engine.stop()
    })

    t.test('no wake is lost, however schedules and the end of a round fall together', async (t) => {
      const { handlers, engine } = openLedger(t, db, systemClock, 16)
      const total = name === 'sqlite' ? 2000 : 120
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
      // Well below the interval of the upkeep, which would hide a lost wake.
      t.ok(await until(() => seen.size === total, 8000), `${seen.size} of ${total}`)
      t.ok(most <= 8)
      await engine.stop()
    })

    t.test('what is scheduled while it looks for the next due time is not slept over', async (t) => {
      const { handlers, add, worker } = openLedger(t, db, systemClock)
      let ran = 0
      const job = kind(handlers, 'job', () => ran++)
      const engine = worker({ db: slowReader(db) })
      await engine.start()
      // It has found nothing to do and waits for the answer to "when is the next due?".
      await pause(30)
      await add(job, 1, { at: soon(100) })
      t.ok(await until(() => ran === 1, 8000))
      await engine.stop()
    })

    t.test('one schedule at a time, each alone in the ledger, is never slept over', async (t) => {
      const { handlers, add, engine } = openLedger(t, db, systemClock)
      let ran = 0
      const job = kind(handlers, 'job', () => ran++)
      await engine.start()
      const rounds = name === 'sqlite' ? 200 : 20
      for (let i = 0; i < rounds; i++) {
        await add(job, i, i % 2 ? { at: soon(i % 3) } : {})
        for (let turn = i % 11; turn > 0; turn--) await Promise.resolve()
        if (i % 4 === 0 && !(await until(() => ran === i + 1, 8000))) break
      }
      t.ok(await until(() => ran === rounds, 8000), `${ran} of ${rounds}`)
      await engine.stop()
    })
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
