// A plugin that is taken off the list and comes back is told since when it was off.
import t from 'tap'
import { definePlugin, type Plugin } from '../../src/plugin/index.js'
import { installed } from '../../src/plugin/lifecycle.js'
import { keepAbsent } from '../../src/plugin/presence.js'
import { eachDatabase, testApp } from '../../src/testing/index.js'
import { until } from '../support/databases.js'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

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
  const on = await back.restart([keeper, other])
  t.same(told.splice(0), ['start'])

  // Another process without it has not been restarted yet.
  on.clock.set('2026-03-03T09:05:00Z')
  const over = keepAbsent(on.db, ['keeper'], silent, 20)
  await until(async () => (await installed(on.db, 'keeper'))!.offSince !== null)
  over()
  await on.restart([keeper, other])
  t.same(told, ['2026-03-03T09:04:59.980Z', 'start'], 'since it was last known to be missing')
})
