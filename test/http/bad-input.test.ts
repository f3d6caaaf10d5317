// Every route × every kind of bad input: refused with a problem that names the field, and nothing is stored.
import t from 'tap'
import { catalogue } from '../../src/errors.js'
import { unbounded } from '../support/bad.js'
import { type Operation, refusesBadInput } from '../support/refusals.js'
import { counts } from '../support/snapshot.js'
import { makeWorld, ok } from '../support/world.js'

const world = await makeWorld(t)
const { app } = world

t.test('bad input is refused by every route', (t) => refusesBadInput(t, world))

t.test('every text that a route takes has an end', async (t) => {
  const { paths } = await ok(app, 'GET', '/api/openapi.json')
  const found = Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).flatMap(([method, { requestBody, parameters = [] }]) => {
        const schema = requestBody?.content['application/json']?.schema
        return [
          ...(schema ? unbounded(schema, `${method} ${path} body`) : []),
          ...parameters.flatMap((one) => unbounded(one.schema, `${method} ${path} ${one.name}`)),
        ]
      }),
  )
  t.same(found, [])
})

t.test('an address that does not exist, and a method that an address does not take', async (t) => {
  const known = new Set(app.http.routes.map(({ method, url }) => `${method} ${url}`))
  for (const url of new Set(app.http.routes.map((route) => route.url)))
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']) {
      if (known.has(`${method} ${url}`)) continue
      const { status, body, headers } = await app.call(method, url.replace(/:(id|address)/, 'x'))
      if (
        status !== 404 ||
        body.code !== 'not_found' ||
        !String(headers['content-type']).includes('problem+json')
      )
        t.fail(`${method} ${url}: ${status} ${JSON.stringify(body)}`)
    }
  for (const path of [
    '/api',
    '/api/',
    '/api/tickets/',
    '/api//tickets',
    '/%',
    '/api/%2e%2e/secret',
    '/.env',
  ]) {
    const { status, body } = await app.call('GET', path)
    t.ok([400, 404].includes(status) && Object.hasOwn(catalogue, body.code), `${path}: ${status}`)
  }
})

t.test('a day that no calendar has is no instant', async (t) => {
  for (const [day, status] of [
    ['2028-02-29', 200],
    ['2026-02-29', 400],
    ['2026-02-30', 400],
    ['2026-04-31', 400],
  ] as const)
    t.equal(
      (await app.call('GET', `/api/tickets?updatedSince=${day}T09:00:00Z`)).status,
      status,
      `${day}: ${status}`,
    )
})

t.test('two megabytes of brackets are refused', async (t) => {
  const levels = 1_000_000
  const brackets = `{"subject":${'['.repeat(levels)}${']'.repeat(levels)}}`
  const { status, body } = await app.call('POST', '/api/tickets', brackets)
  t.equal(status, 400)
  t.match(body.errors[0], { message: 'is nested too deep' })
})

t.test('a file that is too large is refused', async (t) => {
  const { status, body } = await app.call(
    'POST',
    '/api/attachments?filename=a',
    Buffer.alloc(25 * 1024 * 1024 + 1),
  )
  t.equal(status, 413)
  t.equal(body.code, 'body_too_large')
})

t.test('a setting that does not fit is refused, its key named', async (t) => {
  const before = await counts(app.db)
  for (const [key, value] of [
    ['replies.undoSeconds', -1],
    ['replies.undoSeconds', '10'],
    ['desk.name', ''],
    ['desk.name', 'x'.repeat(101)],
    ['intake.blockedSenders', 'x'],
    ['intake.openBulk', 1],
    ['constructor', 1],
    ['toString', {}],
  ] as const) {
    const { status, body } = await app.call('PATCH', '/api/settings', { [key]: value })
    t.equal(status, 422, key)
    t.equal(body.errors[0].field, `body/${key}`)
  }
  t.same(await counts(app.db), before)
})
