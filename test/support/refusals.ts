// Sends every kind of bad input to every route, and says what is wrong with the answers.
import { catalogue } from '../../src/errors.js'
import {
  type Bad,
  badProperties,
  NO_INSTANTS,
  noBodies,
  noCursors,
  noIds,
  noKeys,
  noObjects,
  type Schema,
} from './bad.js'
import { type Request, requests, routesOf } from './requests.js'
import { counts } from './snapshot.js'
import { ok, type World } from './world.js'

export interface Operation {
  requestBody?: { content: { 'application/json'?: { schema: Schema } } }
  parameters?: { name: string; in: string; schema: Schema }[]
}

interface Sent {
  status: number
  body: { code?: string; errors?: { field: string }[] } | string
  headers: Record<string, unknown>
}

interface Tap {
  same(found: unknown, wanted: unknown, message: string): unknown
}

/** One assertion for each route, and that nothing was stored by any of the requests. */
export async function refusesBadInput(t: Tap, world: World): Promise<void> {
  const { app, sides } = world
  const { paths } = await ok(app, 'GET', '/api/openapi.json')
  const before = await counts(app.db)
  for (const { name, method, url } of routesOf(world)) {
    const operation: Operation = paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()] ?? {}
    const request = requests[name]!.request(sides.own, world.caller('admin'), world)
    const wrong: string[] = []
    for (const [what, send, status, field] of casesOf(world, method, url, request, operation)) {
      const problem = complaint(world, await send(), status, field)
      if (problem) wrong.push(`${what}: ${problem}`)
    }
    t.same(wrong.slice(0, 10), [], name)
  }
  t.same(await counts(app.db), before, 'nothing was stored')
}

type Case = [what: string, send: () => Promise<Sent>, status: readonly number[], field?: string | undefined]

function* casesOf(
  world: World,
  method: string,
  url: string,
  request: Request,
  operation: Operation,
): Generator<Case> {
  const { path, body } = request
  const send = (at: string, payload: unknown, headers?: Record<string, string>) => () =>
    world.app.call(method, at, payload, headers ? { headers } : {}) as Promise<Sent>
  for (const key of method === 'POST' ? noKeys : [])
    yield [
      `key ${key.slice(0, 20)}`,
      send(path, body, { 'idempotency-key': key }),
      [400],
      'header/idempotency-key',
    ]
  for (const id of /:(id|address)/.test(url) ? noIds : [])
    yield [`id ${id.slice(0, 30)}`, send(url.replace(/:(id|address)/, id), body), [400, 404]]
  for (const { name, schema } of (operation.parameters ?? []).filter((one) => one.in === 'query'))
    yield* queryCases(path, name, schema, (at) => send(at, body))
  const bodySchema = operation.requestBody?.content['application/json']?.schema
  if (method !== 'GET') {
    const bodies = [...noBodies, ...(bodySchema || Buffer.isBuffer(body) ? noObjects : [])]
    for (const { what, payload, type = 'application/json', status } of bodies)
      yield [what, send(path, payload, { 'content-type': type }), status]
  }
  if (!bodySchema) return
  yield ['a file', send(path, Buffer.from('{}')), [415]]
  yield ['no body', send(path, undefined), [400]]
  for (const one of bodyCases(bodySchema, body)) yield [one.what, send(path, one.value), [400], one.field]
}

const bodyCases = (schema: Schema, valid: unknown): Bad[] =>
  badProperties(schema, valid as Record<string, unknown>, 'body')

function* queryCases(
  path: string,
  name: string,
  schema: Schema,
  send: (path: string) => () => Promise<Sent>,
): Generator<Case> {
  const [base, old = ''] = path.split('?')
  const with_ = (text: string) => {
    const query = new URLSearchParams(old)
    query.delete(name)
    return `${base}?${[query.toString(), `${name}=${text}`].filter(Boolean).join('&')}`
  }
  const texts =
    name === 'cursor'
      ? noCursors
      : schema.type === 'integer'
        ? ['NaN', 'abc', '-1', '0', '101', '1e9', 'Infinity', '9'.repeat(400), '', '%00']
        : schema.enum || schema.pattern
          ? ['%00', 'no%20such', '__proto__']
          : schema.format === 'date-time'
            ? NO_INSTANTS.map(encodeURIComponent)
            : ['%00', 'x'.repeat(5000)]
  for (const text of [...texts, `x&${name}=y`])
    yield [
      `${name}=${text.slice(0, 40)}`,
      send(with_(text)),
      [400],
      name === 'cursor' ? undefined : `query/${name}`,
    ]
}

/** What is wrong with the answer to a bad request; undefined when it is as it should be. */
function complaint(
  { app }: World,
  { status, body, headers }: Sent,
  wanted: readonly number[],
  field?: string,
) {
  const told = typeof body === 'string' ? body : JSON.stringify(body)
  if (!wanted.includes(status)) return `${status} instead of ${wanted} ${told.slice(0, 300)}`
  if (!/^application\/problem\+json/.test(String(headers['content-type'])))
    return `not a problem: ${told.slice(0, 200)}`
  if (typeof body === 'string') return `text: ${body.slice(0, 200)}`
  if (!body.code || !Object.hasOwn(catalogue, body.code))
    return `the code ${body.code} is not in the catalogue`
  if (/node_modules|\.[jt]s:\d|\bat \S+ \(|sqlite|syntax error/i.test(told))
    return `tells too much: ${told.slice(0, 300)}`
  if (told.includes(app.dir) || told.includes(process.cwd())) return `tells a path: ${told.slice(0, 300)}`
  if (told.length > 20_000) return `an answer of ${told.length} characters`
  const fields = (body.errors ?? []).map((one) => one.field)
  if (field && !fields.some((one) => one.startsWith(field)))
    return `does not name ${field} but ${fields.slice(0, 5)}`
  return undefined
}
