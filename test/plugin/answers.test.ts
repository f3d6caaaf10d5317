// Routes of plugins that answer text: a type and a name that are safe, a stream that is in no memory, errors that are
// still errors; and query strings that become what the schema says.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import Type from 'typebox'
import { definePlugin, fail, type PluginApp } from '../../src/plugin/index.js'
import { testApp } from '../../src/testing/index.js'

const ROWS = 100_000
const csv = {
  permission: 'any',
  response: { 200: Type.String() },
  produces: 'text/csv; charset=utf-8',
} as const

function reports(progress: { rows: number; ended: boolean }) {
  async function* rows() {
    try {
      for (progress.rows = 0; progress.rows < ROWS; progress.rows++)
        yield `${progress.rows},${'x'.repeat(100)}\r\n`
    } finally {
      progress.ended = true
    }
  }
  return definePlugin({
    name: 'reports',
    version: '1.0.0',
    api: '^1.1.0',
    setup(app) {
      app.route({
        ...csv,
        ...{ method: 'GET', url: '/small/:name', summary: 'A small one' },
        params: Type.Object({ name: Type.String() }),
        filename: ({ params }) => params.name,
        handler: async () => 'a,b\r\nü,2\r\n',
      })
      app.route({
        ...csv,
        ...{ method: 'GET', url: '/large', summary: 'A large one', filename: 'large.csv' },
        handler: async () => rows(),
      })
      app.route({
        ...csv,
        ...{ method: 'GET', url: '/refused', summary: 'One that is refused' },
        handler: async () =>
          (async function* () {
            if (progress) throw fail('not_found', 'There is no such report.')
            yield ''
          })(),
      })
      app.route({
        ...csv,
        ...{ method: 'GET', url: '/empty', summary: 'Nothing in it' },
        handler: async () => (async function* () {})(),
      })
      app.route({
        ...csv,
        ...{ method: 'GET', url: '/wrong', summary: 'Neither text nor a stream' },
        handler: async () => ({ not: 'text' }),
      })
      app.route({
        ...{ method: 'GET', url: '/query', permission: 'any', summary: 'What was asked' },
        query: Type.Object({
          state: Type.Optional(Type.Array(Type.String(), { maxItems: 3 })),
          limit: Type.Optional(Type.Integer({ minimum: 1 })),
          late: Type.Optional(Type.Boolean()),
        }),
        response: { 200: Type.Unknown() },
        handler: async ({ query }) => query,
      })
    },
  })
}

t.test('answers that are no JSON', async (t) => {
  const progress = { rows: 0, ended: false }
  const app = await testApp(t, { plugins: [reports(progress)] })
  const get = (url: string) => app.call('GET', `/api/plugins/reports${url}`)

  await t.test('text with its type, saved under a name that cannot break a header', async (t) => {
    const { status, body, headers } = await get(`/small/${encodeURIComponent('a"\r\nx: y/ü.csv')}`)
    t.equal(status, 200)
    t.equal(body, 'a,b\r\nü,2\r\n')
    t.equal(headers['content-type'], 'text/csv; charset=utf-8')
    t.equal(
      headers['content-disposition'],
      'attachment; filename="a___x_ y__.csv"; filename*=UTF-8\'\'a%22%0D%0Ax%3A%20y%2F%C3%BC.csv',
    )
    t.match(headers, { 'x-content-type-options': 'nosniff', 'content-security-policy': /sandbox/ })
  })

  await t.test('what fails before the first piece is an error, and nothing is an empty answer', async (t) => {
    t.match(await get('/refused'), { status: 404, body: { code: 'not_found', detail: /no such report/ } })
    t.match(await get('/wrong'), { status: 500 })
    t.match(await get('/empty'), { status: 200, body: '' })
    t.equal((await app.call('GET', '/api/plugins/reports/large', undefined, { token: null })).status, 401)
  })

  await t.test('a stream waits for its reader, ends with it, and comes whole', async (t) => {
    const url = `${await app.http.app.listen({ port: 0, host: '127.0.0.1' })}/api/plugins/reports/large`
    const headers = { authorization: `Bearer ${app.adminToken}` }
    const get = async () => (await once(request(url, { headers, agent: false }).end(), 'response'))[0]
    const cut: IncomingMessage = await get()
    await once(cut, 'readable')
    await delay(300)
    t.ok(progress.rows < ROWS * 0.9, `${progress.rows} rows were made for a reader that waits`)
    cut.destroy()
    for (let n = 0; n < 200 && !progress.ended; n++) await delay(20)
    t.ok(progress.ended, 'the source is told that nobody reads any more')
    const whole = await text(await get())
    t.equal(
      whole.length,
      [...Array(ROWS).keys()].reduce((sum, n) => sum + `${n}`.length + 103, 0),
    )
    t.match(whole.slice(-150), /99999,x+\r\n$/)
  })

  await t.test('the OpenAPI document has the type', async (t) => {
    const { body } = await app.call('GET', '/api/openapi.json')
    const { responses } = body.paths['/api/plugins/reports/large'].get
    t.same(Object.keys(responses['200'].content), ['text/csv; charset=utf-8'])
    t.match(responses['200'].content['text/csv; charset=utf-8'].schema, { type: 'string' })
    t.notOk(body.paths['/api/plugins/reports/large'].head)
  })

  await t.test('a query string becomes what its schema says', async (t) => {
    t.same((await get('/query?state=a&state=b&limit=5&late=true')).body, {
      state: ['a', 'b'],
      limit: 5,
      late: true,
    })
    t.same((await get('/query?state=a')).body, { state: ['a'] }, 'one is a list too')
    t.match(await get('/query?limit=x'), { status: 400, body: { errors: [{ field: 'query/limit' }] } })
    t.equal((await get('/query?state=a&state=b&state=c&state=d')).status, 400)
  })
})

t.test('a type that is none, or JSON, is refused when the plugin is set up', async (t) => {
  const plugin = (more: object) =>
    definePlugin({
      ...{ name: 'reports', version: '1.0.0', api: '^1.1.0' },
      setup: (app: PluginApp) =>
        app.route({
          ...csv,
          ...{ method: 'GET', url: '/', summary: 'x', handler: async () => '' },
          ...more,
        }),
    })
  for (const [more, message] of [
    [{ produces: 'text/csv\r\nx: y' }, /no type like/],
    [{ produces: 'application/json' }, /leave `produces` out/],
    [{ produces: undefined, filename: 'a.csv' }, /has a `filename`/],
  ] as const)
    await t.rejects(testApp(t, { plugins: [plugin(more)] }), { code: 'plugin_setup', message })
})
