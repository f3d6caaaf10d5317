// The part of the contract of engines that is about what becomes of a job: done, tried again, dead, parked.
import type { Test } from 'tap'
import { HOUR } from '../../src/clock.js'
import { retryDead } from '../../src/jobs/recover.js'
import { gate, pause, times, until } from '../support/databases.js'
import { kind } from '../support/ledger.js'
import { BY_BELL, type Contract } from './contract.js'

const soon = (ms: number) => new Date(Date.now() + ms)

export function trying(t: Test, { db, open, notes }: Contract) {
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
