// The list of plugins: what is refused before anything of a plugin runs, the order, install and uninstall.
import { sql } from 'drizzle-orm'
import t from 'tap'
import Type from 'typebox'
import { ROOT } from '../../src/app/root.js'
import { inOrder } from '../../src/plugin/check.js'
import {
  createTicket,
  defineEvent,
  definePlugin,
  defineService,
  defineWorkflow,
  type Plugin,
  type PluginApp,
  Rejection,
  ticketCreated,
} from '../../src/plugin/index.js'
import { loadPlugins } from '../../src/plugin/load.js'
import { testApp } from '../../src/testing/index.js'

const plugin = (name: string, more: Partial<Plugin> = {}): Plugin => ({
  name,
  version: '1.2.0',
  api: '^1.0.0',
  setup() {},
  ...more,
})
const command = (name: string) => ({ name, summary: '', run: async () => undefined })
const names = (plugins: readonly Plugin[]) => plugins.map(({ name }) => name).join(' ')

t.test('the order of the list is moved only as far as requires and after demand', async (t) => {
  const [a, b, c] = [
    plugin('aa'),
    plugin('bb', { after: ['cc'] }),
    plugin('cc', { requires: { dd: '^1.0.0' } }),
  ]
  const d = plugin('dd')
  t.equal(names(inOrder([a, d, c])), 'aa dd cc')
  t.equal(names(inOrder([b, c, a, d])), 'dd cc bb aa')
  t.equal(names(inOrder([b, a])), 'bb aa', 'what it only comes after may be absent')
})

t.test('each refusal has its own code and names the plugin', async (t) => {
  const refused = async (code: string, ...plugins: Plugin[]) =>
    t.rejects(testApp(t, { plugins }), { code, message: new RegExp(`"${plugins.at(-1)!.name}"`) }, code)
  await refused('plugin_twice', plugin('aa'), plugin('aa'))
  await refused('plugin_requires', plugin('aa', { requires: { bb: '*' } }))
  await refused('plugin_requires_version', plugin('bb'), plugin('aa', { requires: { bb: '^2.0.0' } }))
  await t.rejects(
    testApp(t, { plugins: [plugin('aa', { after: ['bb'] }), plugin('bb', { after: ['aa'] })] }),
    {
      code: 'plugin_cycle',
      message: /aa → bb → aa/,
    },
  )
  await refused('plugin_setup', plugin('aa', { setup: () => Promise.reject(new Error('no')) }))
  const twice = (app: PluginApp) => app.command(command('look'))
  await refused('plugin_setup', plugin('aa', { commands: [command('look')], setup: twice }))
  await refused('plugin_install', plugin('aa', { install: () => Promise.reject(new Error('no')) }))
  await refused('plugin_migration', plugin('aa', { migrations: new URL('./nowhere/', import.meta.url) }))
  for (const [listed, code] of [
    ['nothing-like-it', 'plugin_unknown'],
    ['../../etc/passwd', 'plugin_unknown'],
    ['typebox', 'plugin_invalid'],
  ] as const)
    await t.rejects(loadPlugins([listed], ROOT, ROOT), { code }, listed)
})

t.test('a definition that is not whole is refused, saying what is wrong', async (t) => {
  const { checkDefinition } = await import('../../src/plugin/check.js')
  for (const [bad, message] of [
    [{ name: 'Bad' }, /lower-case/],
    [{ name: 'tickets' }, /belongs to the core/],
    [{ name: 'inbox' }, /belongs to the core/],
    [{ version: 'one' }, /not a version/],
    [{ api: 'whatever' }, /not a range/],
    [{ settings: Type.Object({ a: Type.String() }) }, /"a" has no default/],
    [{ settings: Type.Object({ a: Type.Integer({ default: 'x' }) }) }, /does not fit/],
    [{ tables: () => ({}) }, /no migrations/],
    [{ fields: { a: { schema: Type.Object({}), description: '' } } }, /text, a number or a boolean/],
    [{ events: [defineEvent('other.done', Type.Object({}))] }, /must begin with "aa\."/],
    [{ commands: [command('a b')] }, /the command "a b" must be letters/],
    [{ commands: [command('a'), command('a')] }, /the command "a" is there twice/],
    [{ workflows: [{ name: 'aa.w', initial: 'x', stages: {} }] }, /no stage "x"/],
  ] as [Partial<Plugin>, RegExp][])
    t.throws(() => checkDefinition({ ...plugin('aa'), ...bad }, 'aa'), { code: 'plugin_invalid', message })
  t.throws(() => checkDefinition(plugin('aa', { api: '^9.0.0' }), 'aa'), { code: 'plugin_api' })
})

t.test('install runs once; off the list a plugin keeps its data and its jobs are parked', async (t) => {
  let installs = 0
  const done: string[] = []
  const later = definePlugin({
    name: 'later',
    version: '1.0.0',
    api: '^1.0.0',
    settings: Type.Object({ word: Type.String({ default: 'hello' }) }),
    async install() {
      installs++
    },
    setup(app) {
      const say = app.job<{ text: string }>('say', { run: async ({ data }) => void done.push(data.text) })
      app.on(ticketCreated, 'plan', async () => {
        await app.db.transaction((tx) => say.schedule(tx, { text: app.settings().word }, { key: 'one' }))
      })
    },
  })
  const app = await testApp(t, { plugins: [later], settings: { 'later.word': 'good day' } })
  await app.mail('From: a@guest.example\nSubject: hi\n\nhello\n')
  await app.runJobs()
  t.same(done, ['good day'])
  t.equal(installs, 1)
  const states = async () =>
    (await app.call('GET', '/api/jobs?name=later.say')).body.items.map((j: { state: string }) => j.state)
  await app.db.transaction(async (tx) => {
    const row = { id: 'x', name: 'later.gone', data: {}, runAt: tx.now, attempts: 0, createdAt: tx.now }
    await tx.insert(tx.t.jobs).values({ ...row, state: 'waiting' })
  })
  await app.runJobs()
  t.same(await states(), [], 'what is done is gone')
  const { body } = await app.call('GET', '/api/jobs?state=parked')
  t.same(
    body.items.map((job: { name: string }) => job.name),
    ['later.gone'],
    'a row without a handler is parked, not lost',
  )
  t.equal((await app.call('DELETE', '/api/plugins/later')).body.code, 'in_use')
})

t.test('fields and stages are validated, shown and found', async (t) => {
  const flow = defineWorkflow('hotel.stay', 'booked', { booked: ['arrived'], arrived: [] })
  const hotel = definePlugin({
    name: 'hotel',
    version: '1.0.0',
    api: '^1.0.0',
    workflows: [flow],
    fields: {
      room: { schema: Type.String({ maxLength: 5 }), description: 'Room' },
      nights: { schema: Type.Integer({ minimum: 1 }), description: 'Nights' },
    },
    setup() {},
  })
  const app = await testApp(t, { plugins: [hotel] })
  const first = await app.mail('From: a@guest.example\nSubject: one\n\nhello\n')
  await app.mail('From: b@guest.example\nSubject: two\n\nhello\n')
  const url = `/api/tickets/${first.ticketId}`
  t.equal(
    (await app.call('PATCH', `${url}/fields`, { 'hotel.room': 'far too long' })).body.code,
    'field_invalid',
  )
  t.equal((await app.call('PATCH', `${url}/fields`, { 'hotel.none': 'x' })).body.code, 'field_invalid')
  t.same((await app.call('PATCH', `${url}/fields`, { 'hotel.room': '12', 'hotel.nights': 3 })).body, {
    'hotel.room': '12',
    'hotel.nights': 3,
  })
  for (const [query, found] of [
    ['hotel.room:12', 1],
    ['hotel.nights:3', 1],
    ['hotel.room:1', 0],
  ] as const)
    t.equal((await app.call('GET', `/api/tickets?field=${query}`)).body.items.length, found, query)
  t.equal((await app.call('GET', '/api/tickets?field=other.x:1')).body.code, 'field_invalid')
  t.same((await app.call('PATCH', `${url}/fields`, { 'hotel.nights': null })).body, { 'hotel.room': '12' })

  const move = (stage?: string) =>
    app.call('POST', `${url}/stages`, { workflow: 'hotel.stay', ...(stage && { stage }) })
  t.equal((await move('arrived')).body.code, 'wrong_state', 'it is not in the workflow yet')
  t.same((await move()).body, { 'hotel.stay': 'booked' })
  t.match((await move('booked')).body, { code: 'stage_not_next', detail: /comes arrived/ })
  t.same((await move('arrived')).body, { 'hotel.stay': 'arrived' })
  const { body } = await app.call('GET', url)
  t.match(body, { fields: { 'hotel.room': '12' }, stages: { 'hotel.stay': 'arrived' } })
  const lines = (await app.call('GET', `${url}/timeline`)).body.items.map(
    (line: { type: string }) => line.type,
  )
  t.same(lines.slice(-4), ['changed', 'changed', 'stage_changed', 'stage_changed'])
})

t.test('services are typed tokens: use needs requires, find takes what is there', async (t) => {
  interface Calendar {
    today(): string
  }
  const calendar = defineService<Calendar>()('times.calendar')
  const seen: unknown[] = []
  const times = definePlugin({
    name: 'times',
    version: '1.0.0',
    api: '^1.0.0',
    setup: (app) => app.provide(calendar, { today: () => 'Tuesday' }),
  })
  const uses = (requires: Record<string, string>) =>
    plugin('user', {
      requires,
      setup: ((app: PluginApp) => {
        seen.push(app.use(calendar).today())
      }) as never,
    })
  await testApp(t, { plugins: [uses({ times: '^1.0.0' }), times] })
  t.same(seen, ['Tuesday'], 'the provider is set up first, wherever it stands in the list')
  await t.rejects(testApp(t, { plugins: [times, uses({})] }), { code: 'plugin_setup', message: /requires/ })
})

t.test(
  'a filter may replace or refuse, but not change in place; after setup nothing can be registered',
  async (t) => {
    let late: (() => void) | undefined
    const rules = definePlugin({
      name: 'rules',
      version: '1.0.0',
      api: '^1.0.0',
      setup(app) {
        app.filter(createTicket, 'rule', (_tx, ticket) => {
          if (ticket.subject === 'change') (ticket as { subject: string }).subject = 'changed'
          if (ticket.subject === 'refuse') throw new Rejection('not today')
          return { ...ticket, tags: [...ticket.tags, 'seen'] }
        })
        late = () => app.onStop(async () => {})
      },
    })
    const app = await testApp(t, { plugins: [rules] })
    const create = (subject: string) =>
      app.call('POST', '/api/tickets', {
        subject,
        inboxId: app.inbox.id,
        requester: { name: 'Ann', address: 'ann@guest.example' },
      })
    t.same((await create('hello')).body.tags, ['seen'])
    t.match((await create('refuse')).body, { code: 'rejected', detail: /not today \(rules\/rule\)/ })
    t.match((await create('change')).body, { code: 'plugin_failed', detail: /"rules"/ })
    t.throws(late!, /after its setup/)
  },
)

t.test('settings of a plugin: validated, secrets never shown', async (t) => {
  const keys = definePlugin({
    name: 'keys',
    version: '1.0.0',
    api: '^1.0.0',
    settings: Type.Object({
      many: Type.Integer({ default: 3, minimum: 1 }),
      token: Type.String({ default: '', secret: true }),
    }),
    permissions: { look: 'Look at it' },
    setup(app) {
      app.route({
        method: 'GET',
        url: '/now',
        permission: app.permissions.look,
        summary: 'What is set',
        response: { 200: Type.Object({ many: Type.Integer(), token: Type.String() }) },
        handler: async () => app.settings(),
      })
    },
  })
  const app = await testApp(t, { plugins: [keys] })
  t.equal((await app.call('PATCH', '/api/settings', { 'keys.many': 0 })).body.code, 'setting_invalid')
  const { body } = await app.call('PATCH', '/api/settings', { 'keys.many': 5, 'keys.token': 'hush-hush' })
  t.notMatch(JSON.stringify(body), /hush/)
  t.same((await app.call('GET', '/api/plugins/keys/now')).body, { many: 5, token: 'hush-hush' })
  await app.call('PATCH', '/api/settings', { 'keys.token': '***' })
  t.equal(
    (await app.call('GET', '/api/plugins/keys/now')).body.token,
    'hush-hush',
    'a form sent back keeps it',
  )
  const [row] = await app.db.rows<{ value: string }>(sql`select value from settings where key = 'keys.token'`)
  t.notMatch(row!.value, /hush/, 'sealed in the database')
  const { token } = await app.agent('agent', [app.inbox])
  t.equal((await app.call('GET', '/api/plugins/keys/now', undefined, { token })).status, 403)
})

t.test('a job of a plugin can have a rate; one that makes no sense is refused', async (t) => {
  const ran: number[] = []
  let schedule!: (count: number) => Promise<void>
  const paced = plugin('paced', {
    setup(app: PluginApp) {
      const job = app.job<number>('call', {
        rate: { most: 3, perMs: 60_000 },
        concurrency: 50,
        run: async ({ data }) => void ran.push(data),
      })
      schedule = (count) =>
        app.db.transaction(async (tx) => {
          for (let i = 0; i < count; i++) await job.schedule(tx, i)
        })
    },
  })
  const app = await testApp(t, { plugins: [paced] })
  await schedule(10)
  await app.runJobs()
  t.equal(ran.length, 3)
  app.clock.advance(20_000)
  await app.runJobs()
  t.equal(ran.length, 4, 'one each twenty seconds')
  app.clock.advance(60_000)
  await app.runJobs()
  t.same(
    ran.sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6],
  )
  const bad = plugin('bad', {
    setup: (app: PluginApp) => void app.job('call', { rate: { most: 0, perMs: 1000 }, run: async () => {} }),
  })
  await t.rejects(testApp(t, { plugins: [bad] }), { code: 'plugin_setup', message: /rate/ })
})
