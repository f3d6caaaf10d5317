// A plugin that is taken off the list and comes back is told since when it was off.
import t from 'tap'
import { definePlugin, type Plugin } from '../../src/plugin/index.js'
import { eachDatabase, testApp } from '../../src/testing/index.js'

eachDatabase(t, async (t, database) => {
  const told: string[] = []
  let broken = false
  const keeper = definePlugin({
    name: 'keeper',
    version: '1.0.0',
    api: '^1.1.0',
    setup(app) {
      app.onReturn(async (_tx, { since }) => {
        if (broken) throw new Error('not yet')
        told.push(since.toISOString())
      })
      app.onStart(async () => void told.push('start'))
    },
  }) as Plugin
  const other = definePlugin({ name: 'other', version: '1.0.0', api: '^1.0.0', setup() {} }) as Plugin

  const first = await testApp(t, { database, plugins: [keeper] })
  const second = await first.restart([keeper])
  t.same(told.splice(0), ['start', 'start'], 'a start with it is no return')

  second.clock.set('2026-03-03T09:00:00Z')
  const without = await second.restart([other])
  without.clock.set('2026-03-03T09:01:00Z')
  const still = await without.restart([])
  broken = true
  await t.rejects(still.restart([keeper, other]), {
    code: 'plugin_setup',
    message: /"keeper".*not yet/,
  })
  t.same(told.splice(0), [])
  broken = false
  const back = await still.restart([keeper, other])
  t.same(told.splice(0), ['2026-03-03T09:00:00.000Z', 'start'], 'since it was first missing; and once')
  await back.restart([keeper, other])
  t.same(told, ['start'])
})
