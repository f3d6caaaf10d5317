// The part of the contract that several engines on one database keep together.
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { MINUTE } from '../../src/clock.js'
import { JobHandlers, type JobRun } from '../../src/jobs/types.js'
import { gate, pause, times, until } from '../support/databases.js'
import { kind } from '../support/ledger.js'
import { BY_BELL, type Contract } from './contract.js'

/** What another engine hears of by its upkeep only; the tests' is once in 200 ms. */
const BY_UPKEEP = 15_000

export function sharing(t: Test, { db, many, open, notes }: Contract) {
  t.test('three engines share the work, and the effect of each job happens once', async (t) => {
    const { add, worker, rows } = open(t)
    const total = many ? 300 : 100
    const ran = [0, 0, 0]
    const engines = ran.map((_, own) => {
      const handlers = new JobHandlers()
      const type = kind(handlers, 'job', async ({ data, complete }) => {
        ran[own]!++
        await pause(2)
        // The key is unique: a second effect would fail, and be seen as a row that does not go.
        await db.transaction(async (tx) => {
          await tx.insert(tx.t.settings).values({ key: `${data}`, value: own, updatedAt: tx.now })
          await complete(tx)
        })
      })
      return { type, engine: worker({ handlers }) }
    })
    for (const { engine } of engines) await engine.start()
    await Promise.all(times(total, (i) => add(engines[0]!.type, i)))
    t.ok(
      await until(async () => (await rows()).length === 0, BY_BELL),
      `${ran} ran, ${(await rows()).length} left`,
    )
    t.equal((await notes()).length, total)
    // Who is quick can do most of it, or all: that each gets a share nobody promises.
    t.equal(
      ran.reduce((sum, count) => sum + count),
      total,
    )
    for (const { engine } of engines) await engine.stop()
  })

  t.test('what others have no slot for is taken, whoever looked at it first', async (t) => {
    const { add, worker, rows } = open(t)
    const ran = [0, 0, 0]
    const all = gate()
    const engines = ran.map((_, own) => {
      const handlers = new JobHandlers()
      const type = kind(handlers, 'job', async () => {
        ran[own]!++
        if (ran.every((count) => count > 0)) all.open()
        await all.passed
      })
      return { type, engine: worker({ handlers }) }
    })
    for (const { engine } of engines) await engine.start()
    // Three times the slots of one: as long as one of them has begun nothing, the others are full and some are left.
    await Promise.all(times(24, (i) => add(engines[0]!.type, i)))
    t.ok(await until(async () => (await rows()).length === 0, BY_BELL), `${ran} ran`)
    all.open()
    for (const { engine } of engines) await engine.stop()
  })

  t.test(
    'no more of a kind begin in a span of time than its rate allows, in all engines together',
    async (t) => {
      const { add, worker, rows } = open(t)
      const begun: number[] = []
      const rate = { most: 4, perMs: 800 }
      const engines = times(3, () => {
        const handlers = new JobHandlers()
        const type = kind(handlers, 'job', () => begun.push(Date.now()), { rate })
        return { type, engine: worker({ handlers }) }
      })
      for (const { engine } of engines) await engine.start()
      await Promise.all(times(14, (i) => add(engines[i % 3]!.type, i)))
      t.ok(await until(async () => (await rows()).length === 0, BY_UPKEEP), `${begun.length} of 14`)
      // The rate is kept when they are claimed; what runs begins a moment later, and that moment differs.
      const span = begun.at(-1)! - begun[0]!
      t.ok(span >= ((14 - rate.most) / rate.most) * rate.perMs - 100, `${span} ms`)
      for (const { engine } of engines) await engine.stop()
    },
  )

  t.test(
    'a stop lets jobs end; what does not end is given back untried, and others get it at once',
    async (t) => {
      const { handlers, add, worker, rows } = open(t)
      const quick = gate()
      const runs: JobRun<number>[] = []
      const job = kind(handlers, 'job', async (run) => {
        runs.push(run)
        if (run.data === 0) await quick.passed
        // Some end when they are told to, and some never.
        else
          await new Promise((_, reject) => {
            if (run.data % 2) run.signal.addEventListener('abort', () => reject(new Error('stopped')))
          })
      })
      const first = worker()
      await first.start()
      // More than its slots: what is rung and waits for one goes to others as well.
      await Promise.all(times(12, (i) => add(job, i)))
      t.ok(await until(() => runs.length === 8, BY_BELL))
      const second = new JobHandlers()
      const taken: JobRun<number>[] = []
      kind(second, 'job', (run) => taken.push(run))
      const engine = worker({ handlers: second })
      const stopped = first.stop(100)
      quick.open()
      await stopped
      await engine.start()
      t.ok(await until(async () => (await rows()).length === 0, BY_BELL), JSON.stringify(await rows()))
      t.same(
        taken.map(({ data }) => data).sort((a, b) => a - b),
        [...times(11, (i) => i + 1)],
      )
      t.ok(
        taken.every(({ attempt }) => attempt === 1),
        'none has used up a try',
      )
      t.equal(runs.length, 8, 'the first took nothing new')
      await engine.stop()
    },
  )

  t.test('what a stop gives back is taken by one that has been at work all the while', async (t) => {
    const { add, worker, rows } = open(t)
    const taken: [number, number][] = []
    let hang = true
    const engines = times(2, (own) => {
      const handlers = new JobHandlers()
      const type = kind(handlers, 'job', async ({ data, attempt }) => {
        if (own === 0 && hang) await new Promise(() => {})
        taken.push([data, attempt])
      })
      return { type, engine: worker({ handlers }) }
    })
    await engines[0]!.engine.start()
    await Promise.all(times(6, (i) => add(engines[0]!.type, i)))
    t.ok(await until(async () => (await rows()).every(({ state }) => state === 'running'), BY_BELL))
    hang = false
    await engines[1]!.engine.start()
    await pause(100)
    await engines[0]!.engine.stop(0)
    t.ok(await until(async () => (await rows()).length === 0, BY_BELL))
    t.same(
      taken.sort(([a], [b]) => a - b),
      times(6, (i) => [i, 1]),
    )
    await engines[1]!.engine.stop()
  })

  t.test('a recurring job runs once each time, however many engines there are', async (t) => {
    const { worker, rows } = open(t)
    const runs: number[] = []
    let now = 0
    let most = 0
    const engines = times(3, () => {
      const handlers = new JobHandlers()
      kind(
        handlers,
        'tick',
        async () => {
          runs.push(Date.now())
          most = Math.max(most, ++now)
          await pause(20)
          now--
        },
        { every: 250 },
      )
      return worker({ handlers })
    })
    await Promise.all(engines.map((engine) => engine.start()))
    t.ok(await until(() => runs.length >= 4, BY_BELL))
    t.equal(most, 1)
    t.ok(runs.every((at, i) => i === 0 || at - runs[i - 1]! >= 250))
    t.equal((await rows()).length, 1)
    for (const engine of engines) await engine.stop()
  })

  t.test('what one engine does not know another one does, also when there is much of it', async (t) => {
    const { add, worker, rows } = open(t, { upkeepMs: 200 })
    const seen: string[] = []
    const own = new JobHandlers()
    const both = new JobHandlers()
    const known = kind(own, 'known', ({ data }) => seen.push(`known ${data}`))
    kind(both, 'known', ({ data }) => seen.push(`known ${data}`))
    const plugin = kind(both, 'plugin', ({ data }) => seen.push(`plugin ${data}`))
    const engines = [worker({ handlers: own }), worker({ handlers: both })]
    for (const engine of engines) await engine.start()
    const total = many ? 200 : 60
    await Promise.all(times(total, (i) => add(i % 2 ? plugin : known, i)))
    t.ok(await until(async () => (await rows()).length === 0, BY_UPKEEP), `${seen.length} of ${total}`)
    t.equal(new Set(seen).size, total)
    t.equal(seen.length, total)
    for (const engine of engines) await engine.stop()
  })

  t.test('what ran when a worker ended runs one at a time, beside the others', async (t) => {
    const { handlers, add, crash, rows, engine } = open(t, { upkeepMs: 200 })
    const together = new Set<number>()
    const most = { suspects: 0, fresh: 0 }
    const job = kind(handlers, 'job', async ({ data }) => {
      together.add(data)
      const suspects = [...together].filter((one) => one < 100).length
      most.suspects = Math.max(most.suspects, suspects)
      most.fresh = Math.max(most.fresh, together.size - suspects)
      await pause(30)
      together.delete(data)
    })
    await Promise.all(times(6, (i) => add(job, i)))
    t.equal((await crash()).length, 6)
    await db.transaction((tx) =>
      tx
        .update(tx.t.jobs)
        .set({ leaseUntil: new Date(Date.now() - MINUTE) })
        .where(eq(tx.t.jobs.state, 'running')),
    )
    await engine.start()
    await Promise.all(times(20, (i) => add(job, 100 + i)))
    t.ok(await until(async () => (await rows()).length === 0, BY_UPKEEP), JSON.stringify(await rows()))
    t.equal(most.suspects, 1)
    t.ok(most.fresh > 1)
    await engine.stop()
  })
}
