// Filters and events: what they do to the transaction they run in. ledger.test.ts runs it on both databases.
import type { Test } from 'tap'
import Type from 'typebox'
import { SECOND } from '../../src/clock.js'
import type { DeskError } from '../../src/errors.js'
import { Hooks, Rejection } from '../../src/hooks/hooks.js'
import { defineEvent, defineFilter } from '../../src/hooks/tokens.js'
import type { DatabaseName } from '../../src/testing/index.js'
import { openManual } from '../support/databases.js'
import { openLedger } from '../support/ledger.js'

export function hooks(t: Test, name: DatabaseName) {
  t.test(`hooks on ${name}`, async (t) => {
    const { db, clock } = await openManual(t, name)
    const notes = async () => (await db.select().from(db.t.settings)).map(({ key }) => key)

    t.test('an event is one row for each subscriber, in the transaction that makes it true', async (t) => {
      const { handlers, rows, engine } = openLedger(t, db, clock)
      const hooks = new Hooks(handlers)
      const happened = defineEvent<{ id: string }>('happened')
      const heard: string[] = []
      let broken = true
      hooks.on(happened, 'one', async ({ id }) => void heard.push(`one ${id}`))
      hooks.on(happened, 'two', async ({ id }) => {
        if (broken) throw new Error('no')
        heard.push(`two ${id}`)
      })
      t.throws(() => hooks.on(happened, 'two', async () => {}), /two handlers/)
      await t.rejects(
        db.transaction(async (tx) => {
          await hooks.emit(tx, happened, { id: 'undone' })
          throw new Error('undone')
        }),
      )
      await db.transaction((tx) => hooks.emit(tx, happened, { id: 'x' }))
      await db.transaction((tx) => hooks.emit(tx, defineEvent('nobody listens'), {}))
      t.same((await rows()).map((row) => row.name).sort(), ['happened:one', 'happened:two'])
      await engine.runDue()
      broken = false
      clock.advance(20 * SECOND)
      await engine.runDue()
      t.same(heard, ['one x', 'two x'], 'one that fails is tried again, without the other')
    })

    t.test(
      'filters run in order, may replace, and are checked; a veto is the answer, a fault undoes all',
      async (t) => {
        const hooks = new Hooks(openLedger(t, db, clock).handlers)
        const greet = defineFilter<{ text: string }, { who: string }>(
          'greet',
          Type.Object({ text: Type.String({ minLength: 1 }) }),
        )
        let mood: 'well' | 'veto' | 'fault' | 'nonsense' = 'well'
        hooks.filter(greet, 'first', (_tx, { text }, { who }) => ({ text: `${text} ${who}` }))
        hooks.filter(greet, 'looks only', () => undefined)
        hooks.filter(greet, 'second', async (tx, { text }) => {
          await tx.insert(tx.t.settings).values({ key: mood, value: 1, updatedAt: tx.now })
          if (mood === 'veto') throw new Rejection('not today')
          if (mood === 'fault') throw new TypeError('x is undefined')
          return mood === 'nonsense' ? { text: '' } : { text: `${text}!` }
        })
        const apply = () => db.transaction((tx) => hooks.apply(tx, greet, { text: 'Hello' }, { who: 'Ann' }))
        t.same(await apply(), { text: 'Hello Ann!' })
        mood = 'veto'
        const veto = (await apply().catch((error: unknown) => error)) as DeskError
        t.match(veto, { name: 'DeskError', code: 'rejected', status: 422, message: 'not today (second)' })
        mood = 'fault'
        await t.rejects(apply(), { name: 'TypeError', message: 'x is undefined' })
        mood = 'nonsense'
        await t.rejects(apply(), /greet\/second returned a value that does not fit/)
        t.same(await notes(), ['well'])
      },
    )
  })
}
