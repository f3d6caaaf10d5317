// Golden surfaces: a difference is a decision. After one was made: UPDATE_GOLDEN=1 npm test
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../src/app/root.js'
import { SECRET_VARIABLES, VARIABLES } from '../src/config.js'
import { catalogue } from '../src/errors.js'
import { permissions } from '../src/people/permissions.js'
import { testApp } from '../src/testing/index.js'
import { golden } from './support/golden.js'

const read = (...parts: string[]) => readFileSync(path.join(ROOT, ...parts), 'utf8')

t.test('the routes and their permissions are the ones that were decided', async (t) => {
  const app = await testApp(t)
  const lines = app.http.routes.map(
    ({ method, url, permission }) => `${method.padEnd(6)} ${url}  ${permission}`,
  )
  golden(t, 'test/golden/routes.txt', `${[...new Set(lines)].sort().join('\n')}\n`)
})

t.test('the OpenAPI document is the one that was decided, and complete', async (t) => {
  const app = await testApp(t)
  const { body } = await app.call('GET', '/api/openapi.json')
  golden(t, 'test/golden/openapi.json', `${JSON.stringify(body, null, 1)}\n`)
  t.match(body.openapi, /^3\.1\./)
  const operations = Object.entries(body.paths).flatMap(([url, methods]) =>
    Object.entries(methods as Record<string, Record<string, unknown>>).map(([method, it]) => ({
      url,
      method,
      it,
    })),
  )
  for (const { url, method, it } of operations) {
    t.ok(it.summary, `${method} ${url} has a summary`)
    t.ok((it.tags as unknown[])?.length, `${method} ${url} has a tag`)
  }
  const documented = operations.map(
    ({ url, method }) => `${method.toUpperCase()} ${url.replace(/\{(\w+)\}/g, ':$1')}`,
  )
  for (const { method, url } of app.http.routes)
    if (url !== '/api/openapi.json')
      t.ok(documented.includes(`${method} ${url}`), `${method} ${url} is documented`)
})

t.test('every route is public, for any token, or needs a permission that exists', async (t) => {
  const app = await testApp(t)
  const known = new Set(['public', 'any', ...Object.values(permissions).map(({ name }) => name)])
  for (const { method, url, permission } of app.http.routes)
    t.ok(known.has(permission), `${method} ${url}: ${permission}`)
})

const rows = (text: string) =>
  [...text.matchAll(/^\| `([^`]+)` \|(.*)\|\s*$/gm)].map((m) => [m[1]!, m[2]!.trim()] as const)

t.test('docs/errors.md lists the catalogue', async (t) => {
  const expected = Object.entries(catalogue).map(([code, { status, title }]) => [
    code,
    `${status} | ${title}`,
  ])
  t.strictSame([...rows(read('docs', 'errors.md'))].sort(), expected.sort())
})

t.test('docs/dependencies.md gives a reason for every dependency', async (t) => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  const names = Object.keys({ ...dependencies, ...devDependencies }).sort()
  t.strictSame(
    rows(read('docs', 'dependencies.md'))
      .map(([name]) => name)
      .sort(),
    names,
  )
})

t.test('.env.example lists what is read from the environment', async (t) => {
  const named = [...read('.env.example').matchAll(/^# ?([A-Z_]+)=/gm)].map((match) => match[1]!)
  const pipe = ['FRONTDESK_PIPE_MAX_BYTES', 'FRONTDESK_PIPE_TIMEOUT', 'FRONTDESK_PIPE_REFUSE']
  const own = named.filter((name) => !name.endsWith('_FILE')).sort()
  t.strictSame(own, [...VARIABLES, ...pipe].sort())
  const files = named.filter((name) => name.endsWith('_FILE')).map((name) => name.slice(0, -5))
  for (const name of files) t.ok((SECRET_VARIABLES as readonly string[]).includes(name), name)
})
