// What every route does alike, whatever it answers.
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import Type from 'typebox'
import { routeAdder } from '../../src/http/route.js'
import { until } from '../support/databases.js'

t.test('a stream is answered once, also when the client goes away in the middle', async (t) => {
  const lines: string[] = []
  const app = Fastify({
    forceCloseConnections: true,
    logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } },
  }) as unknown as FastifyInstance
  t.teardown(() => app.close())
  const open: Readable[] = []
  const add = routeAdder(app, {} as never)
  const declare = (url: string, make: () => Readable) =>
    add({
      ...{ method: 'GET', url, permission: 'public', tag: 'x', summary: 'x' },
      response: { 200: Type.String() },
      handler: async ({ reply }) => reply.type('text/plain').send(make()),
    } as Parameters<typeof add>[0])
  app.addSchema({ $id: 'Problem', type: 'object' })
  declare('/whole', () => Readable.from(['a', 'b']))
  declare('/endless', () => {
    const body = new Readable({ read() {} })
    body.push('a')
    open.push(body)
    return body
  })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  t.equal(await (await fetch(`${base}/api/whole`)).text(), 'ab')
  const stop = new AbortController()
  await fetch(`${base}/api/endless`, { signal: stop.signal })
  stop.abort()
  t.ok(await until(() => open[0]!.destroyed))
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.same(lines, [])
})
