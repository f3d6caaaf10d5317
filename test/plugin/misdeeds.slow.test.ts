// What a plugin of plain JavaScript gets wrong, because no types told its author: odd values, odd errors, odd promises.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { checkDefinition } from '../../src/plugin/check.js'
import { createTicket, definePlugin, receiveMessage, ticketCreated } from '../../src/plugin/index.js'
import { uninstall } from '../../src/plugin/lifecycle.js'
import { openMarks, takeDeaths } from '../../src/plugin/marks.js'
import { runAs, whoRuns } from '../../src/plugin/running.js'
import { type TestApp, testApp } from '../../src/testing/index.js'
import { bad, handler, mail, settled } from '../support/bad-plugin.js'

const circular: Record<string, unknown> = { subject: 'x' }
circular.self = circular

for (const [what, filter, value] of [
  ['receiveMessage', receiveMessage, true],
  ['receiveMessage', receiveMessage, null],
  ['receiveMessage', receiveMessage, { outcome: 'spam' }],
  ['createTicket', createTicket, null],
  ['createTicket', createTicket, { subject: 'only that', tags: [] }],
  ['createTicket', createTicket, circular],
] as const)
  t.test(`a filter of ${what} that returns ${value} is switched off, and no mail is lost`, async (t) => {
    const app = await testApp(t, {
      plugins: [bad((it) => it.filter(filter as never, 'odd', (() => value) as never))],
    })
    for (let n = 0; n < 4; n++) await app.mail(mail(n))
    t.same(await settled(app), ['opened', 'opened', 'opened', 'opened'])
    t.match(await handler(app, `filter ${what}/odd`), { off: /3 failures in a row/ })
  })

const withGetter = new Error('x')
Object.defineProperty(withGetter, 'message', {
  get() {
    throw new Error('no message for you')
  },
})

for (const [what, thrown] of [
  ['null', null],
  ['an object without a prototype', Object.create(null)],
  ['a symbol', Symbol('x')],
  ['an Error whose message throws', withGetter],
  ['an Error whose message is an object', Object.assign(new Error('x'), { message: { code: 7 } })],
  ['a frozen string', Object.freeze(['x'])],
  ['a DeskError that is none', Object.assign(new Error('x'), { name: 'DeskError' })],
] as const) {
  t.test(`a filter that throws ${what} is switched off`, async (t) => {
    const app = await testApp(t, {
      plugins: [bad((it) => it.filter(receiveMessage, 'odd', () => Promise.reject(thrown)))],
    })
    for (let n = 0; n < 4; n++) await app.mail(mail(n))
    t.same(await settled(app), ['opened', 'opened', 'opened', 'opened'])
  })
  t.test(`an event handler that throws ${what} fails like any other`, async (t) => {
    const app = await testApp(t, {
      plugins: [bad((it) => it.on(ticketCreated, 'odd', () => Promise.reject(thrown), { attempts: 2 }))],
    })
    t.equal((await app.mail(mail(1))).state, 'opened')
    await settled(app, 2)
    const jobs = await app.db.rows<{ state: string; error: string }>(
      sql`select state, error from jobs where name = 'ticketCreated:bad.odd'`,
    )
    t.match(jobs, [{ state: 'dead' }])
  })
}

t.test('a transaction that never ends is ended, and the mail goes on', async (t) => {
  let stuck = 0
  const app = await testApp(t, {
    plugins: [
      bad((it) => {
        const hang = () => (stuck++ === 0 ? new Promise<void>(() => {}) : Promise.resolve())
        it.on(ticketCreated, 'stuck', () => it.db.transaction(hang), { timeoutMs: 100, attempts: 1 })
      }),
    ],
  })
  t.equal((await app.mail(mail(1))).state, 'opened')
  t.equal((await app.mail(mail(2))).state, 'opened')
})

t.test('a query begun before the end of a transaction and run after it writes nothing', async (t) => {
  let late: Promise<unknown> | undefined
  const app = await testApp(t, {
    plugins: [
      bad((it) => {
        it.filter(
          createTicket,
          'late',
          async (tx) => {
            const { notices } = (tx as never as TestApp['db']).t
            const insert = (tx as never as { insert: TestApp['db'] }).insert as never as (t: unknown) => {
              values(v: unknown): Promise<unknown>
            }
            late = (async () => {
              const query = insert(notices)
              await new Promise((resolve) => setTimeout(resolve, 100))
              await query.values({
                plugin: 'bad',
                key: 'late',
                level: 'info',
                text: 'x',
                createdAt: new Date(),
              })
            })()
            await late
            return undefined
          },
          { budgetMs: 20 },
        )
      }),
    ],
  })
  await app.mail(mail(1))
  await t.rejects(late!, /after the end of its transaction/)
  t.same(await app.db.rows(sql`select * from notices`), [])
})

t.test('a health check that throws at once or answers nothing leaves the desk ready', async (t) => {
  const app = await testApp(t, {
    plugins: [
      bad((it) => {
        it.health('throws', () => {
          throw new Error('broken')
        })
        it.health('nothing', (() => undefined) as never)
      }),
    ],
  })
  const { body, status } = await app.call('GET', '/api/health/ready')
  t.equal(status, 200)
  t.match(body, { ok: true, checks: { 'plugin bad': { detail: /throws: NOT OK, broken; nothing: NOT OK/ } } })
})

t.test('onStart and onStop need not be async', async (t) => {
  let ran = 0
  const app = await testApp(t, {
    plugins: [
      bad((it) => {
        it.onStart((() => void ran++) as never)
        it.onStop((() => void ran++) as never)
        it.onStop(() => {
          throw new Error('broken')
        })
      }),
    ],
  })
  t.equal(ran, 1)
  await app.plugins.stop()
  t.equal(ran, 2)
})

t.test('a process with the number of the one that died (a container) finds its mark', (t) => {
  const folder = t.testdir()
  mkdirSync(folder, { recursive: true })
  const who = { plugin: 'bad', handler: 'filter createTicket/x' }
  writeFileSync(path.join(folder, `running-${process.pid}`), `${JSON.stringify(who)}\n`)
  t.same(takeDeaths(folder), [who])
  const marks = openMarks(folder)
  const leave = marks.enter(who)
  t.same(takeDeaths(folder), [], 'a filter that runs in this process is no death')
  leave()
  marks.close()
  t.end()
})

t.test('uninstalling a plugin leaves alone what others do at its events', async (t) => {
  const app = await testApp(t)
  const { jobs, plugins } = app.db.t
  await app.db.transaction(async (tx) => {
    await tx.insert(plugins).values({ name: 'sla', version: '1.0.0', tables: [], installedAt: tx.now })
    for (const name of [
      'sla.job',
      'ticketCreated:sla.on',
      'sla.broken:other.on',
      'ticketCreated:x-sla.on',
      'sla-x.job',
    ])
      await tx
        .insert(jobs)
        .values({ id: name, name, data: {}, runAt: tx.now, state: 'parked', attempts: 0, createdAt: tx.now })
  })
  await uninstall(app.db, 'sla', [])
  const left = await app.db.rows<{ name: string }>(
    sql`select name from jobs where state = 'parked' order by name`,
  )
  t.same(
    left.map(({ name }) => name),
    ['sla-x.job', 'sla.broken:other.on', 'ticketCreated:x-sla.on'],
  )
})

t.test('what another process has switched on gets its jobs back', async (t) => {
  const plugins = [
    bad((it) => it.on(ticketCreated, 'boom', () => Promise.reject(new Error('broken')), { attempts: 1 })),
  ]
  const app = await testApp(t, { plugins })
  for (let n = 0; n < 12; n++) await app.mail(mail(n))
  const states = async () =>
    (
      await app.db.rows<{ state: string }>(
        sql`select distinct state from jobs where name = 'ticketCreated:bad.boom'`,
      )
    ).map(({ state }) => state)
  t.ok((await states()).includes('parked'))
  await app.db.transaction((tx) => tx.delete(tx.t.pluginFaults).where(sql`true`))
  await new Promise((resolve) => setTimeout(resolve, 6000))
  t.notOk((await states()).includes('parked'))
})

t.test('a transaction, and who hears of its commit, run in the name of the right one', async (t) => {
  const app = await testApp(t)
  const heard: unknown[] = []
  app.db.onCommit('settings', () => heard.push(whoRuns()))
  const seen: unknown[] = []
  const who = { plugin: 'a', handler: 'x' }
  const look = () =>
    app.db.transaction(async (tx) => {
      seen.push(whoRuns())
      tx.announce('settings')
    })
  await Promise.all([runAs(who, look), look()])
  t.same(seen, [who, undefined])
  t.same(heard, [undefined, undefined])
})

t.test('null for a field that nobody has, named like something every object has', async (t) => {
  const app = await testApp(t)
  await app.mail(mail(1))
  const timeline = () => app.db.rows(sql`select seq from timeline`)
  const before = await timeline()
  t.equal(
    (await app.call('PATCH', '/api/tickets/1/fields', { toString: null, constructor: null })).status,
    200,
  )
  t.same(await timeline(), before)
})

t.test('odd definitions are refused by name', (t) => {
  const odd = { version: '1.0.0', api: '^1.0.0', setup() {} }
  t.throws(() => checkDefinition(odd as never, 'listed'), { code: 'plugin_invalid', plugin: 'listed' })
  const settings = { type: 'object', properties: { a: { type: 'string', pattern: '(', default: 'x' } } }
  t.throws(() => checkDefinition({ ...odd, name: 'bad', settings } as never, 'bad'), {
    code: 'plugin_invalid',
  })
  t.end()
})

t.test('the default of a secret is not shown', async (t) => {
  const schema = { type: 'object', properties: { key: { type: 'string', default: 'hunter2', secret: true } } }
  const app = await testApp(t, {
    plugins: [
      definePlugin({ name: 'bad', version: '1.0.0', api: '^1.0.0', settings: schema as never, setup() {} }),
    ],
  })
  t.notMatch(JSON.stringify((await app.call('GET', '/api/settings')).body), 'hunter2')
})

t.test('a job whose handler was switched off between its claim and its start is run', async (t) => {
  let ran = 0
  const app = await testApp(t, {
    plugins: [bad((it) => it.on(ticketCreated, 'late', async () => void ran++))],
  })
  const names = app.handlers.get('ticketCreated:bad.late')!.type.name
  const { transaction } = app.db
  app.db.transaction = async (work, options) => {
    const result = await transaction(work, options)
    if (Array.isArray(result) && result.some((row) => row?.name === names && row.lease))
      app.handlers.pause(names)
    return result
  }
  await app.mail(mail(1))
  t.equal(ran, 1)
})
