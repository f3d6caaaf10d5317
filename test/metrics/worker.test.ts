// A process that only works: what it answers on METRICS_PORT, and that it ends.
import t from 'tap'
import { folder } from '../support/databases.js'
import { freePort } from '../support/redis.js'
import { serve } from '../support/server.js'

const envOf = (data: string, port: number) => ({
  ...{ PATH: process.env.PATH, FRONTDESK_DATA: data, FRONTDESK_DEMO: 'off', LOG_LEVEL: 'error' },
  ...{ ROLES: 'worker', METRICS_PORT: `${port}` },
})

t.test('a worker tells of itself on METRICS_PORT, and ends when it is told to', async (t) => {
  const port = await freePort()
  const worker = serve(t, envOf(folder(t), port))
  await worker.up
  const get = (url: string) => fetch(`http://127.0.0.1:${port}${url}`)
  t.match(await (await get('/metrics')).text(), /frontdesk_build_info\{version="[^"]+",roles="worker"\} 1/)
  const ready = await get('/health/ready')
  t.equal(ready.status, 200)
  t.match(await ready.json(), { ok: true, checks: { database: { ok: true }, jobs: { ok: true } } })
  t.same(await (await get('/health/live')).json(), { ok: true })

  const second = serve(t, envOf(folder(t), port))
  await t.rejects(second.up, { message: /METRICS_HOST and METRICS_PORT: 127\.0\.0\.1:\d+ is in use already/ })
  t.equal(await worker.end('SIGTERM'), 0)
})
