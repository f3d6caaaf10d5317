// Workers that die, hang, are slow or stop, and what the ledger makes of it. ledger.test.ts runs it on both
// databases, because each process that starts PGlite costs seconds.
import type { Test } from 'tap'
import { DAY, MINUTE } from '../../src/clock.js'
import { createRungs } from '../../src/jobs/bullmq/rung.js'
import { LEASE_MS } from '../../src/jobs/claim.js'
import { reclaim } from '../../src/jobs/crashes.js'
import { extend } from '../../src/jobs/ledger.js'
import { retryDead } from '../../src/jobs/recover.js'
import { createRunner } from '../../src/jobs/runner.js'
import type { JobRun } from '../../src/jobs/types.js'
import { type DatabaseName, testApp } from '../../src/testing/index.js'
import { gate, openManual, pause, times, until } from '../support/databases.js'
import { kind, openLedger } from '../support/ledger.js'

export function workers(t: Test, name: DatabaseName) {
  t.test(`workers on ${name}`, async (t) => {
    const { db, clock } = await openManual(t, name)
    const note = (key: string) =>
      db.transaction((tx) => tx.insert(tx.t.settings).values({ key, value: 1, updatedAt: tx.now }))
    const notes = async () => (await db.select().from(db.t.settings)).map(({ key }) => key).sort()
    t.afterEach(() =>
      db.transaction(async (tx) => {
        await tx.delete(tx.t.jobs)
        await tx.delete(tx.t.settings)
      }),
    )

    t.test(
      'a row whose worker is gone is free when its lease ends, not before; at once for the only worker',
      async (t) => {
        const { handlers, rows, add, crash, boot } = openLedger(t, db, clock)
        const sweep = () => db.transaction((tx) => reclaim(tx, false))
        await add(
          kind(handlers, 'job', () => {}),
          1,
        )
        const claimed = await crash()
        clock.advance(LEASE_MS - 1)
        t.equal(await sweep(), 0)
        await db.transaction((tx) => extend(tx, claimed))
        clock.advance(LEASE_MS - 1)
        t.equal(await sweep(), 0, 'it was kept alive')
        clock.advance(1)
        t.equal(await sweep(), 1)
        t.match(await rows(), [{ state: 'waiting', attempts: 0, crashes: 1, lease: null }])
        await crash()
        await boot()
        t.match(await rows(), [{ state: 'waiting', attempts: 0, crashes: 2 }])
      },
    )

    t.test('a job that takes its worker down three times is dead, visibly', async (t) => {
      const { handlers, rows, add, crash, boot, engine } = openLedger(t, db, clock)
      const dead: string[] = []
      let runs = 0
      const job = kind(handlers, 'job', () => ++runs, {
        dead: async (_, data, error) => void dead.push(`${data} ${error}`),
      })
      await add(job, 1)
      for (const crashes of [1, 2, 3]) {
        t.equal((await crash()).length, 1)
        await boot()
        t.match(await rows(), [{ state: 'waiting', crashes, error: /the worker ended/ }])
        clock.advance(MINUTE)
      }
      await engine.runDue()
      t.match(await rows(), [{ state: 'dead', error: /three times/ }])
      t.match(dead, [/^1 the worker ended three times/])
      t.equal(runs, 0)
      await db.transaction(async (tx) => retryDead(tx, (await tx.select().from(tx.t.jobs))[0]!.id))
      await engine.runDue()
      t.equal(runs, 1, 'after a person said so, it is run again')
    })

    t.test('what ran beside it does not die with it: after a crash they run one at a time', async (t) => {
      const { handlers, rows, add, crash, boot, engine } = openLedger(t, db, clock, { concurrency: 4 })
      let together = 0
      const most = { suspects: 0, fresh: 0 }
      const job = kind(handlers, 'job', async ({ data }) => {
        together++
        const which = data < 100 ? 'suspects' : 'fresh'
        most[which] = Math.max(most[which], together)
        await pause(5)
        together--
      })
      for (let i = 0; i < 10; i++) await add(job, i)
      t.equal((await crash()).length, 10)
      await boot()
      for (const _ of times(4, String)) {
        clock.advance(1)
        t.equal((await crash()).length, 1, 'a kill from outside meets one of them, each time another')
        await boot()
      }
      t.notOk(
        (await rows()).some(({ crashes }) => (crashes ?? 0) > 1),
        'and none is blamed twice',
      )
      await engine.runDue()
      t.same(await rows(), [])
      t.equal(most.suspects, 1)
      for (let i = 0; i < 4; i++) await add(job, i)
      t.equal((await crash()).length, 4)
      await boot()
      for (let i = 100; i < 112; i++) await add(job, i)
      await engine.start()
      t.ok(await until(async () => (await rows()).length === 0), 'also behind them it goes on')
      await engine.stop()
      t.ok(most.fresh > 1)
    })

    t.test('one that failed for other reasons is not dead because a worker ended', async (t) => {
      const { handlers, rows, add, crash, boot, engine } = openLedger(t, db, clock)
      await add(
        kind(handlers, 'job', () => Promise.reject(new Error('the mail server is down'))),
        1,
      )
      for (const _ of times(4, String)) {
        await engine.runDue()
        clock.advance(MINUTE)
      }
      t.match(await rows(), [{ state: 'waiting', attempts: 4 }])
      await crash()
      await boot()
      t.match(await rows(), [{ state: 'waiting', attempts: 4, crashes: 1 }])
    })

    t.test('what a worker did after it had lost the lease is not taken', async (t) => {
      const { handlers, rows, add, engine, boot, worker, warnings } = openLedger(t, db, clock)
      const slow = gate()
      let runs = 0
      const job = kind(handlers, 'job', async ({ complete }) => {
        const run = ++runs
        if (run === 1) await slow.passed
        await db.transaction(async (tx) => {
          await tx.insert(tx.t.settings).values({ key: `try ${run}`, value: 1, updatedAt: tx.now })
          await complete(tx)
        })
      })
      await add(job, 1)
      const first = engine.runDue()
      await untilRunning(rows)
      await boot()
      await worker().runDue()
      t.same(await notes(), ['try 2'])
      await add(job, 2, { at: new Date(clock.now().getTime() + DAY) })
      slow.open()
      await first
      t.same(await notes(), ['try 2'])
      t.match(await rows(), [{ data: 2, state: 'waiting', attempts: 0, error: null }])
      t.match(warnings, [/lost/])
    })

    t.test('the effect of a job and its end are one', async (t) => {
      const { handlers, rows, add, engine } = openLedger(t, db, clock)
      const job = kind(handlers, 'job', ({ attempt, complete }) =>
        db.transaction(async (tx) => {
          await tx.insert(tx.t.settings).values({ key: `try ${attempt}`, value: 1, updatedAt: tx.now })
          await complete(tx)
          if (attempt === 1) throw new Error('in the last moment')
        }),
      )
      await add(job, 1)
      await engine.runDue()
      t.same(await notes(), [])
      t.match(await rows(), [{ state: 'waiting', attempts: 1, error: 'in the last moment' }])
      clock.advance(MINUTE)
      await engine.runDue()
      t.same(await notes(), ['try 2'])
      t.same(await rows(), [])
    })

    t.test('one that takes too long is told so and tried again', async (t) => {
      const { handlers, rows, add, engine } = openLedger(t, db, clock)
      const signals: AbortSignal[] = []
      const job = kind(handlers, 'job', ({ signal }) => signals.push(signal) && new Promise(() => {}), {
        timeoutMs: 20,
      })
      await add(job, 1)
      await engine.runDue()
      t.same(
        signals.map(({ aborted }) => aborted),
        [true],
      )
      t.match(await rows(), [{ state: 'waiting', attempts: 1, error: /longer than/ }])
    })

    t.test(
      'no more of a kind run at once than it allows, and other kinds are not held up by them',
      async (t) => {
        const { handlers, rows, add, engine } = openLedger(t, db, clock, { concurrency: 8 })
        let now = 0
        let most = 0
        const slow = gate()
        const narrow = kind(
          handlers,
          'narrow',
          async () => {
            most = Math.max(most, ++now)
            await slow.passed
            now--
          },
          { concurrency: 2 },
        )
        const wide = kind(handlers, 'wide', ({ data }) =>
          note(`wide ${data}`).then(() => data === 4 && slow.open()),
        )
        for (const i of times(30, (i) => i)) await add(narrow, i)
        for (const i of times(5, (i) => i)) await add(wide, i)
        await engine.start()
        await slow.passed
        for (let i = 0; i < 500 && (await rows()).length > 0; i++)
          await new Promise((go) => setTimeout(go, 5))
        t.same(await rows(), [])
        t.equal(most, 2)
        await engine.stop()
      },
    )

    t.test('a job that is rung for twice at once runs once', async (t) => {
      const { handlers, rows, add } = openLedger(t, db, clock)
      let runs = 0
      const job = kind(handlers, 'job', () => ++runs)
      await add(job, 1)
      const row = (await rows())[0]!
      const log = { warn() {}, error() {} }
      const options = { db, clock, handlers, log }
      const rungs = createRungs(options, createRunner(options, {}))
      t.same(await Promise.all([rungs.ring(row), rungs.ring(row)]), [{ is: 'done' }, { is: 'gone' }])
      t.equal(runs, 1)
    })

    t.test('a stop lets running jobs end; what does not end is given back untried', async (t) => {
      const { handlers, rows, add, worker } = openLedger(t, db, clock)
      const quick = gate()
      const runs: JobRun<number>[] = []
      const job = kind(handlers, 'job', async (run) => {
        runs.push(run)
        if (run.data === 1) await quick.passed
        else
          await new Promise((_, reject) =>
            run.signal.addEventListener('abort', () => reject(new Error('stopped'))),
          )
      })
      await add(job, 1)
      await add(job, 2)
      const engine = worker()
      await engine.start()
      while (runs.length < 2) await new Promise((go) => setTimeout(go, 5))
      const stopped = engine.stop(100)
      quick.open()
      await stopped
      t.match(await rows(), [{ data: 2, state: 'waiting', attempts: 0, lease: null, runAt: clock.now() }])
      t.ok(runs.find(({ data }) => data === 2)!.signal.aborted)
      await add(job, 3)
      t.equal(runs.length, 2, 'it takes nothing new')
    })
  })

  // smoke.test.ts does the same on PostgreSQL.
  if (name === 'sqlite')
    t.test('handlers that run twice do their work once', async (t) => {
      const app = await testApp(t)
      const seen: number[] = []
      const job = kind(app.handlers, 'test', ({ data }) => seen.push(data))
      await openLedger(t, app.db, app.clock).add(job, 1)
      t.equal(await app.runJobs({ twice: true }), 2)
      t.same(seen, [1, 1])
      await app.mail('From: ann@guest.example\nMessage-ID: <1@x>\nDate: x\nSubject: A\n\nB.\n')
      await app.call('POST', '/api/tickets/1/replies', { text: 'Fine.' })
      app.clock.advance(MINUTE)
      await app.runJobs({ twice: true })
      t.equal(app.outbox.length, 1)
      t.same(await app.db.select().from(app.db.t.jobs), [])
    })
}

async function untilRunning(rows: () => Promise<{ state: string }[]>) {
  while (!(await rows()).some(({ state }) => state === 'running'))
    await new Promise((go) => setTimeout(go, 5))
}
