// The ledger and what the engine reports to it, on both databases and with a clock that stands still.
import { eq } from 'drizzle-orm'
import t from 'tap'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/clock.js'
import { retryDead } from '../../src/jobs/recover.js'
import { cancel, cancelMany, schedule, scheduleMany } from '../../src/jobs/schedule.js'
import { defineJob, exponential, JobHandlers } from '../../src/jobs/types.js'
import { closePglite } from '../../src/testing/index.js'
import { DATABASES, openManual, times } from '../support/databases.js'
import { kind, openLedger } from '../support/ledger.js'
import { contract } from './contract.js'
import { hooks } from './hooks.js'
import { workers } from './workers.js'

t.teardown(closePglite)
for (const name of DATABASES) {
  workers(t, name)
  hooks(t, name)
  if (name === 'postgres') contract(t, name)
  t.test(`ledger on ${name}`, async (t) => {
    const { db, clock } = await openManual(t, name)
    const later = (ms: number) => new Date(clock.now().getTime() + ms)
    const note = (key: string) =>
      db.transaction((tx) => tx.insert(tx.t.settings).values({ key, value: 1, updatedAt: tx.now }))
    const notes = async () => (await db.select().from(db.t.settings)).map(({ key }) => key)
    t.afterEach(() =>
      db.transaction(async (tx) => {
        await tx.delete(tx.t.jobs)
        await tx.delete(tx.t.settings)
      }),
    )

    t.test('what is scheduled in a transaction is undone with it, and so is a cancel', async (t) => {
      const { handlers, rows, add } = openLedger(t, db, clock)
      const timer = kind(handlers, 'timer', () => {})
      const undone = (work: Parameters<typeof db.transaction>[0]) =>
        t.rejects(
          db.transaction(async (tx) => {
            await work(tx)
            throw new Error('undone')
          }),
          /undone/,
        )
      await undone((tx) => schedule(tx, timer, 1))
      t.same(await rows(), [])
      await add(timer, 2, { key: 'k' })
      await undone((tx) => cancel(tx, timer, 'k'))
      t.equal((await rows()).length, 1)
      t.same(
        await db.transaction((tx) => Promise.all([cancel(tx, timer, 'k'), cancel(tx, timer, 'other')])),
        [true, false],
      )
      t.same(await rows(), [])
    })

    t.test(
      'the same key moves the waiting row and replaces its data; other keys and kinds are apart',
      async (t) => {
        const { handlers, rows, add, engine } = openLedger(t, db, clock)
        const seen: number[] = []
        const timer = kind(handlers, 'timer', ({ data }) => seen.push(data))
        const other = kind(handlers, 'other', ({ data }) => seen.push(data))
        await add(timer, 1, { key: 'k', at: later(5 * MINUTE) })
        await add(timer, 2, { key: 'k', at: later(1 * MINUTE) })
        await add(other, 3, { key: 'k', at: later(2 * MINUTE) })
        await add(timer, 4, { at: later(3 * MINUTE) })
        await add(timer, 5, { at: later(3 * MINUTE) })
        t.equal((await rows()).length, 4)
        t.equal(await engine.runDue(), 0)
        clock.advance(1 * MINUTE)
        await engine.runDue()
        t.same(seen, [2])
        clock.advance(9 * MINUTE)
        await engine.runDue()
        t.same(seen, [2, 3, 4, 5])
        t.same(await rows(), [])
      },
    )

    t.test(
      'a job that runs has given up its key: it can be scheduled again, and not be cancelled',
      async (t) => {
        const { handlers, rows, add, engine } = openLedger(t, db, clock)
        const found: unknown[] = []
        const timer = kind(handlers, 'timer', async ({ data }) => {
          if (data !== 1) return
          found.push(await db.transaction((tx) => cancel(tx, timer, 'k')))
          await add(timer, 2, { key: 'k', at: later(MINUTE) })
          found.push((await rows()).map(({ state, key }) => [state, key]))
        })
        await add(timer, 1, { key: 'k' })
        await engine.runDue()
        t.same(found, [
          false,
          [
            ['running', null],
            ['waiting', 'k'],
          ],
        ])
        t.match(await rows(), [{ data: 2, state: 'waiting', attempts: 0 }])
      },
    )

    t.test(
      'many at once are as if one after the other: moved by key, the last of a key counts',
      async (t) => {
        const { handlers, rows, add, engine } = openLedger(t, db, clock)
        const seen: number[] = []
        const timer = kind(handlers, 'timer', ({ data }) => seen.push(data), { concurrency: 500 })
        const other = kind(handlers, 'other', ({ data }) => seen.push(data))
        await add(timer, 1, { key: 'k7', at: later(HOUR) })
        await add(other, 2, { key: 'k7', at: later(HOUR) })
        const before = (await rows('timer'))[0]!
        await db.transaction((tx) =>
          scheduleMany(tx, timer, [
            { data: -1, key: 'k9', at: later(1) },
            ...times(300, (i) => ({ data: 300 - i, key: `k${i}`, at: later(MINUTE) })),
            ...times(3, (i) => ({ data: 1000 + i })),
          ]),
        )
        const made = await rows('timer')
        t.equal(made.length, 303)
        t.match(
          made.find(({ key }) => key === 'k7'),
          { id: before.id, data: 293, state: 'waiting', attempts: 0, runAt: later(MINUTE) },
        )
        t.equal(made.find(({ key }) => key === 'k9')?.data, 291)
        t.equal((await rows('other')).length, 1)
        await engine.runDue()
        t.same(seen, [1000, 1001, 1002], 'in their order')
        const keys = times(299, (i) => `k${i + 1}`)
        t.same(await db.transaction((tx) => cancelMany(tx, timer, [])), [])
        t.same(
          (await db.transaction((tx) => cancelMany(tx, timer, [...keys, 'none']))).sort(),
          keys.toSorted(),
        )
        t.same((await rows()).map(({ name, key }) => `${name} ${key}`).sort(), ['other k7', 'timer k0'])
        await db.transaction((tx) => scheduleMany(tx, timer, []))
      },
    )

    t.test('a batch tells the engine once when it is due first, and of each row', async (t) => {
      const { handlers } = openLedger(t, db, clock)
      const timer = kind(handlers, 'timer', () => {})
      const heard: unknown[] = []
      await db.transaction(async (tx) => {
        const { announce } = tx
        tx.announce = (...notice) => {
          heard.push(notice[0] === 'jobs' ? notice : notice[0])
          Reflect.apply(announce, tx, notice)
        }
        await scheduleMany(tx, timer, [
          { data: 1, key: 'a', at: later(HOUR) },
          { data: 2, key: 'b', at: later(MINUTE) },
          { data: 3, key: 'c', at: later(HOUR) },
        ])
      })
      t.same(heard, ['rings', 'rings', 'rings', ['jobs', later(MINUTE)]])
    })

    t.test('due rows run by time, then by the order in which they were made', async (t) => {
      const { handlers, add, engine } = openLedger(t, db, clock)
      const seen: number[] = []
      const job = kind(handlers, 'job', ({ data }) => seen.push(data), { concurrency: 100 })
      for (const [i, ms] of [3, 1, 2, 1, 3, 0].entries()) await add(job, i, { at: later(ms) })
      clock.advance(10)
      await engine.runDue()
      t.same(seen, [5, 1, 3, 2, 0, 4])
    })

    t.test(
      'a failure waits for the backoff; after the last try it is dead, with its effect in the same transaction',
      async (t) => {
        const { handlers, rows, add, engine } = openLedger(t, db, clock)
        const tries: number[] = []
        const job = kind(
          handlers,
          'job',
          ({ attempt }) => {
            tries.push(attempt)
            throw new Error(`try ${attempt}`)
          },
          {
            attempts: 3,
            backoff: (attempt) => attempt * 10 * SECOND,
            dead: async (tx, data, error) => {
              await tx
                .insert(tx.t.settings)
                .values({ key: `dead ${data} ${error}`, value: 1, updatedAt: tx.now })
            },
          },
        )
        await add(job, 7)
        await engine.runDue()
        t.match(await rows(), [
          { state: 'waiting', attempts: 1, runAt: later(10 * SECOND), error: 'try 1', lease: null },
        ])
        clock.advance(10 * SECOND - 1)
        t.equal(await engine.runDue(), 0, 'not before its time')
        clock.advance(1)
        await engine.runDue()
        t.match(await rows(), [{ state: 'waiting', attempts: 2, runAt: later(20 * SECOND), error: 'try 2' }])
        t.same(await notes(), [])
        clock.advance(20 * SECOND)
        await engine.runDue()
        t.match(await rows(), [{ state: 'dead', attempts: 3, error: 'try 3', lease: null }])
        t.same(await notes(), ['dead 7 try 3'])
        clock.advance(DAY)
        t.equal(await engine.runDue(), 0)
        t.same(tries, [1, 2, 3])
      },
    )

    t.test(
      'an effect at the death that fails is tried again, and stops neither the start nor the others',
      async (t) => {
        const { handlers, rows, add, engine, boot, crash } = openLedger(t, db, clock)
        let broken = true
        let runs = 0
        const job = kind(handlers, 'job', () => ++runs && Promise.reject(new Error('no')), {
          attempts: 1,
          async dead(tx, data) {
            await tx.insert(tx.t.settings).values({ key: `dead ${data}`, value: 1, updatedAt: tx.now })
            if (broken) throw new Error('neither this')
          },
        })
        const well = kind(handlers, 'well', () => note('well'))
        await add(job, 1)
        await engine.runDue()
        await add(job, 2)
        await crash()
        await boot()
        await add(well, 1)
        await engine.runDue()
        t.same(await notes(), ['well'])
        t.match(
          new Set((await rows()).map(({ state, data }) => `${data} ${state}`)),
          new Set(['1 waiting', '2 waiting']),
        )
        broken = false
        clock.advance(MINUTE)
        await engine.runDue()
        t.match(
          new Set((await rows()).map(({ state, data }) => `${data} ${state}`)),
          new Set(['1 dead', '2 dead']),
        )
        t.same((await notes()).sort(), ['dead 1', 'dead 2', 'well'])
        t.equal(runs, 2, 'neither is run once more for that')
      },
    )

    t.test('a person can give a dead job its tries back; one that is not dead is left alone', async (t) => {
      const { handlers, rows, add, engine } = openLedger(t, db, clock)
      let broken = true
      const job = kind(handlers, 'job', () => broken && Promise.reject(new Error('no')), { attempts: 1 })
      await add(job, 1)
      const { id } = (await rows())[0]!
      const retry = () => db.transaction((tx) => retryDead(tx, id))
      t.equal(await retry(), false)
      await engine.runDue()
      t.match(await rows(), [{ state: 'dead' }])
      broken = false
      t.equal(await retry(), true)
      t.match(await rows(), [{ state: 'waiting', attempts: 0 }])
      await engine.runDue()
      t.same(await rows(), [])
      t.equal(await retry(), false)
    })

    t.test(
      'rows without a handler are parked and come back with it; meanwhile they hold up nobody',
      async (t) => {
        const { handlers, rows, add, engine, boot, worker } = openLedger(t, db, clock, { concurrency: 2 })
        const seen: number[] = []
        const foreign = defineJob<number>('plugin.job')
        const own = kind(handlers, 'own', ({ data }) => seen.push(data))
        await add(foreign, 1, { key: 'k' })
        await boot()
        t.match(await rows(), [{ name: 'plugin.job', state: 'parked', key: 'k' }])
        // Scheduled while it runs, by a process that knows the job: more of them than one claim looks at.
        for (let i = 2; i < 12; i++) await add(foreign, i)
        clock.advance(1)
        await add(own, 100)
        await engine.runDue()
        t.same(seen, [100])
        t.notOk((await rows()).some(({ state }) => state !== 'parked'))
        const back = new JobHandlers()
        kind(back, 'plugin.job', ({ data }) => seen.push(data))
        await boot(back)
        await worker({ handlers: back }).runDue()
        t.same(
          seen.sort((a, b) => a - b),
          [...times(11, (i) => i + 1), 100],
        )
      },
    )

    t.test(
      'a recurring job is there once, runs once, and comes again after success, death and crash',
      async (t) => {
        const { handlers, rows, engine, boot, crash } = openLedger(t, db, clock)
        let broken = false
        let runs = 0
        kind(handlers, 'tick', () => ++runs && broken && Promise.reject(new Error('no')), {
          every: MINUTE,
          attempts: 1,
        })
        await Promise.all([boot(), boot()])
        t.match(await rows(), [{ key: 'recurring', runAt: later(MINUTE) }])
        clock.advance(MINUTE)
        await engine.runDue()
        t.match(await rows(), [{ state: 'waiting', key: 'recurring', runAt: later(MINUTE) }])
        broken = true
        clock.advance(MINUTE)
        await engine.runDue()
        const states = async () => (await rows()).map(({ state, key }) => `${state} ${key}`).sort()
        t.same(await states(), ['dead null', 'waiting recurring'])
        t.equal(runs, 2)
        await db.transaction((tx) => tx.delete(tx.t.jobs).where(eq(tx.t.jobs.state, 'dead')))
        clock.advance(MINUTE)
        await crash()
        await boot()
        await engine.runDue()
        t.same(await states(), ['dead null', 'waiting recurring'], 'its only try was the one that crashed')
      },
    )
  })
}

t.test('the backoff doubles from the first to the most, with up to a quarter on top', async (t) => {
  const backoff = exponential(10 * SECOND, 60 * MINUTE)
  for (const [attempt, ms] of [10_000, 20_000, 40_000, 80_000, 160_000, 320_000].entries()) {
    const all = times(200, () => backoff(attempt + 1))
    t.ok(Math.min(...all) >= ms && Math.max(...all) <= ms * 1.25)
    t.ok(new Set(all).size > 100, 'not all at the same moment')
  }
  t.ok(times(200, () => backoff(60)).every((ms) => ms >= 60 * MINUTE && ms <= 75 * MINUTE))
})
