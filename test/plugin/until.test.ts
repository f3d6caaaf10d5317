// A test moves the clock over many due jobs: each sees its own time.
import t from 'tap'
import { after, definePlugin, type Job, MINUTE, type PluginApp } from '../../src/plugin/index.js'
import { eachDatabase, testApp } from '../../src/testing/index.js'

eachDatabase(t, async (t, database) => {
  const ran: [number, string][] = []
  let own!: Pick<PluginApp, 'db' | 'clock'>
  let ring!: Job<{ n: number }>
  const clocks = definePlugin({
    name: 'clocks',
    version: '1.0.0',
    api: '^1.1.0',
    setup(app) {
      own = app
      ring = app.job<{ n: number }>('ring', {
        async run({ data: { n } }) {
          ran.push([n, app.clock.now().toISOString().slice(11, 16)])
          // One more on the way.
          if (n === 2)
            await app.db.transaction((tx) => ring.schedule(tx, { n: 9 }, { at: after(tx.now, 5 * MINUTE) }))
        },
      })
    },
  })
  const app = await testApp(t, { database, plugins: [clocks] })
  const at = (minutes: number) => after(own.clock.now(), minutes * MINUTE)
  await own.db.transaction((tx) =>
    ring.scheduleMany(
      tx,
      [30, 10, 20, 61].map((minutes, n) => ({ data: { n }, key: `${n}`, at: at(minutes) })),
    ),
  )
  const end = at(60)
  t.ok((await app.runUntil(end)) >= 4)
  t.same(ran, [
    [1, '09:10'],
    [2, '09:20'],
    [9, '09:25'],
    [0, '09:30'],
  ])
  t.same(app.clock.now(), end)
  await app.runUntil('2026-03-03T09:10:00.000Z')
  t.same(app.clock.now(), end, 'never back')
  ran.length = 0
  await app.runUntil(at(1), { twice: true })
  t.same(ran, [
    [3, '10:01'],
    [3, '10:01'],
  ])
})
