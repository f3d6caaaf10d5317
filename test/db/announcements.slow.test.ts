// What one process commits, the others on the same PostgreSQL hear of.
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { after, HOUR, newId, systemClock } from '../../src/clock.js'
import type { Db, Topic } from '../../src/db/types.js'
import { createLocalEngine } from '../../src/jobs/local.js'
import { schedule } from '../../src/jobs/schedule.js'
import { defineJob, JobHandlers } from '../../src/jobs/types.js'
import { coreSettings, deskName } from '../../src/settings/core.js'
import { createSecrets } from '../../src/settings/secrets.js'
import { Settings } from '../../src/settings/settings.js'
import { pause, times, until } from '../support/databases.js'
import { openAt, schema, WITHOUT_SERVER } from '../support/postgres.js'

const test = (name: string, body: (t: Test) => Promise<void>) => t.test(name, { skip: WITHOUT_SERVER }, body)
const TOPICS = ['jobs', 'people', 'settings', 'timeline', 'rings'] as const satisfies readonly Topic[]

/** What `db` hears, as soon as it hears what `by` commits. */
async function ears(db: Db, by: Db) {
  const heard: (readonly [Topic, unknown?])[] = []
  for (const topic of TOPICS) db.onCommit(topic, (...value: unknown[]) => heard.push([topic, value[0]]))
  await until(async () => {
    await by.transaction(async (tx) => tx.announce('people'))
    await pause(30)
    return heard.length > 0
  })
  await pause(100)
  heard.length = 0
  return heard
}

test('every topic but the local one is heard, once, with the earliest time for jobs', async (t) => {
  const url = await schema(t)
  const [one, other] = [await openAt(t, url), await openAt(t, url)]
  const [own, heard] = [await ears(one, other), await ears(other, one)]
  own.length = 0
  const at = after(systemClock.now(), HOUR)
  await one.transaction(async (tx) => {
    tx.announce('jobs', after(at, HOUR))
    tx.announce('jobs', at)
    tx.announce('people')
    tx.announce('settings')
    tx.announce('timeline')
    tx.announce('rings', { id: '1', name: 'x', at: null })
  })

  t.ok(await until(() => heard.length >= 4))
  await pause(100)
  t.same(heard.toSorted(), [
    ['jobs', at],
    ['people', undefined],
    ['settings', undefined],
    ['timeline', undefined],
  ])
  t.equal(own.length, 6, 'here at once, and not again by the way over the database')
})

test('a hundred commits are few notices, and the last one is told too', async (t) => {
  const url = await schema(t)
  const [one, other] = [await openAt(t, url), await openAt(t, url)]
  const heard = await ears(other, one)
  const began = performance.now()
  for (const _ of times(100, () => null)) await one.transaction(async (tx) => tx.announce('timeline'))
  await one.transaction(async (tx) => tx.announce('people'))
  const took = performance.now() - began
  t.ok(await until(() => heard.some(([topic]) => topic === 'people')))
  t.ok(heard.length <= took / 15 + 4, `${heard.length} notices in ${took} ms`)
})

test('after the connection was lost everything is told once, and then all is as before', async (t) => {
  const url = await schema(t)
  const [one, other] = [await openAt(t, url), await openAt(t, url)]
  const heard = await ears(other, one)
  const [{ name } = { name: '' }] = await one.rows<{ name: string }>(sql`select current_schema() as name`)
  const bells = sql`select pid from pg_stat_activity where application_name = 'frontdesk bell'
    and query like 'listen%' || md5(${name}::text) || '%'`
  const pids = await one.rows<{ pid: number }>(bells)
  t.equal(pids.length, 1, 'that of the other: the last query of ours was a notice')
  for (const { pid } of pids) await one.rows(sql`select pg_terminate_backend(${pid})`)
  t.ok(await until(() => heard.length >= 4), 'as if everything had happened meanwhile')
  heard.length = 0
  await one.transaction(async (tx) => tx.announce('settings'))
  t.ok(await until(() => heard.length === 1))
})

test('a job that another process scheduled runs within a moment', async (t) => {
  const url = await schema(t)
  const [one, other] = [await openAt(t, url), await openAt(t, url)]
  const type = defineJob<object>('hello')
  const handlers = new JobHandlers()
  let ran = 0
  handlers.add({
    type,
    async run() {
      ran++
    },
  })
  const log = { warn() {}, error() {} }
  const engine = createLocalEngine({ db: other, clock: systemClock, handlers, log })
  await engine.start()
  await pause(300)
  const began = performance.now()
  await one.transaction((tx) => schedule(tx, type, {}))
  t.ok(await until(() => ran === 1, 2000))
  t.comment(`${Math.round(performance.now() - began)} ms after the commit`)
  await engine.stop()
})

test('a command that ends at once has told before it ends', async (t) => {
  const url = await schema(t)
  const heard = await ears(await openAt(t, url), await openAt(t, url))
  const command = await openAt(t, url)
  await command.transaction(async (tx) => tx.announce('people'))
  await command.close()
  t.ok(await until(() => heard.length === 1, 1000))
})

test('what was never told, because its process died before, is seen all the same', async (t) => {
  const url = await schema(t)
  const [one, other] = [await openAt(t, url), await openAt(t, url)]
  const settings = new Settings(other, coreSettings as never, createSecrets('x'.repeat(40)))
  await settings.start()
  const type = defineJob<object>('hello')
  const handlers = new JobHandlers()
  let ran = 0
  handlers.add({
    type,
    async run() {
      ran++
    },
  })
  const engine = createLocalEngine({
    db: other,
    clock: systemClock,
    handlers,
    log: { warn() {}, error() {} },
  })
  await engine.start()
  await pause(300)
  await one.transaction(async (tx) => {
    const { jobs, settings } = tx.t
    const row = { id: newId(), name: type.name, data: {}, state: 'waiting', attempts: 0 } as const
    await tx.insert(jobs).values({ ...row, runAt: tx.now, createdAt: tx.now })
    await tx
      .insert(settings)
      .values({ key: deskName.key, value: 'Quiet', updatedAt: tx.now, updatedBy: null })
  })
  t.ok(await until(() => settings.get(deskName) === 'Quiet', 3000), 'a setting within two seconds')
  t.ok(await until(() => ran === 1, 20_000), 'a job within fifteen')
  await engine.stop()
  settings.stop()
})
