// /metrics: what it shows, who may see it, and that the documents name the same.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { listenForMetrics } from '../../src/app/metrics/listener.js'
import { ROOT } from '../../src/app/root.js'
import { newId, SECOND } from '../../src/clock.js'
import { ConfigError, readConfig } from '../../src/config.js'
import { jobCounts } from '../../src/jobs/overview.js'
import { closePglite, type TestApp, testApp } from '../../src/testing/index.js'
import { DATABASES } from '../support/databases.js'

t.teardown(closePglite)

const MAIL =
  'From: Ann <ann@guest.example>\nTo: support@desk.example\nSubject: A late arrival\n\nAt eleven.\n'

const scrape = async (app: TestApp) => {
  app.clock.advance(6 * SECOND)
  const { body } = await app.call('GET', '/metrics')
  return String(body)
}
const value = (text: string, series: string) => {
  const line = text.split('\n').find((line) => line.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length))
}
const addJob = (app: TestApp, name: string, state: 'waiting' | 'dead' | 'parked', runAt: Date) =>
  app.db.transaction(async (tx) => {
    await tx.insert(tx.t.jobs).values({
      ...{ id: newId(), name, key: null, data: {}, runAt, state, attempts: 0, createdAt: tx.now },
    })
  })

for (const database of DATABASES)
  t.test(`${database}: the ledger, the intakes and what was done are counted`, async (t) => {
    const app = await testApp(t, { database })
    await app.mail(MAIL)
    await app.call('POST', '/api/tickets/1/replies', { text: 'You are welcome.' })
    app.clock.advance(60 * SECOND)
    await app.runJobs()
    const now = app.clock.now()
    await addJob(app, 'intake', 'dead', now)
    await addJob(app, 'intake', 'waiting', new Date(now.getTime() - 100 * SECOND))
    await addJob(app, 'deliver', 'waiting', new Date(now.getTime() + 1000 * SECOND))
    await addJob(app, 'of a plugin that is gone', 'parked', now)
    const text = await scrape(app)
    t.equal(value(text, 'frontdesk_jobs{kind="intake",state="dead"}'), 1)
    t.equal(value(text, 'frontdesk_jobs{kind="intake",state="waiting"}'), 1)
    t.equal(value(text, 'frontdesk_jobs{kind="deliver",state="delayed"}'), 1)
    t.equal(value(text, 'frontdesk_jobs{kind="other",state="parked"}'), 1)
    t.equal(value(text, 'frontdesk_oldest_due_job_age_seconds'), 106)
    t.equal(value(text, 'frontdesk_intakes{state="opened"}'), 1)
    t.equal(value(text, 'frontdesk_sends_total{channel="email",outcome="sent"}'), 1)
    t.equal(value(text, 'frontdesk_jobs_finished_total{kind="intake",outcome="done"}'), 1)
    t.equal(value(text, 'frontdesk_scrape_failures_total{part="jobs"}'), 0)
    t.equal(value(text, 'frontdesk_scrape_failures_total{part="intakes"}'), 0)
    t.notMatch(text, 'gone', 'a name from the table is no label')
  })

for (const database of DATABASES)
  t.test(`${database}: however many wait, dead and parked jobs are counted`, async (t) => {
    const app = await testApp(t, { database })
    const now = app.clock.now()
    for (const add of [-3, -2, -1, 1, 2, 3])
      await addJob(app, 'intake', 'waiting', new Date(now.getTime() + add * SECOND))
    for (const state of ['dead', 'parked'] as const)
      for (let n = 0; n < 3; n++) await addJob(app, 'intake', state, now)
    const counts = (await jobCounts(app.db, now, 2)).filter(({ name }) => name === 'intake')
    t.same(Object.fromEntries(counts.map(({ state, count }) => [state, count])), {
      ...{ waiting: 2, delayed: 2, dead: 3, parked: 3 },
    })
  })

t.test('tries that fail are counted as later', async (t) => {
  const app = await testApp(t, { send: () => ({ kind: 'later', reason: 'greylisted' }) })
  await app.mail(MAIL)
  await app.call('POST', '/api/tickets/1/replies', { text: 'You are welcome.' })
  app.clock.advance(60 * SECOND)
  await app.runJobs()
  const text = await scrape(app)
  t.equal(value(text, 'frontdesk_jobs_finished_total{kind="deliver",outcome="later"}'), 1)
  t.equal(value(text, 'frontdesk_sends_total{channel="email",outcome="later"}'), 1)
})

t.test('requests are counted by the pattern of their route, never by their address', async (t) => {
  const app = await testApp(t)
  await app.call('GET', `/api/contacts/${newId()}`)
  await app.call('GET', '/api/nothing-here')
  await app.call('GET', '/secret-address')
  const text = await scrape(app)
  const count = 'frontdesk_http_request_duration_seconds_count'
  t.equal(value(text, `${count}{method="GET",route="/api/contacts/:id",status="4xx"}`), 1)
  t.equal(value(text, `${count}{method="GET",route="unknown",status="4xx"}`), 2)
  t.notMatch(text, 'secret-address')
})

t.test('on the web port it needs the permission operations:read', async (t) => {
  const app = await testApp(t)
  const agent = await app.agent('agent')
  t.equal((await app.call('GET', '/metrics', undefined, { token: null })).status, 401)
  t.equal((await app.call('GET', '/metrics', undefined, { token: agent.token })).status, 403)
  const { status, headers } = await app.call('GET', '/metrics')
  t.equal(status, 200)
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
})

t.test('frequent scrapes share one look at the database', async (t) => {
  const app = await testApp(t)
  await scrape(app)
  await addJob(app, 'intake', 'dead', app.clock.now())
  const { body } = await app.call('GET', '/metrics')
  t.equal(value(body, 'frontdesk_jobs{kind="intake",state="dead"}'), 0)
  t.equal(value(await scrape(app), 'frontdesk_jobs{kind="intake",state="dead"}'), 1)
})

t.test('the extra listener serves nothing else, and asks for its token', async (t) => {
  const metrics = { request() {}, text: async () => ({ type: 'text/plain', body: 'x 1\n' }) }
  const token = 'a token of the scraper'
  const health = { ready: async () => ({ ok: false, checks: { disk: { ok: false, detail: '3 MB free' } } }) }
  const listener = await listenForMetrics({ host: '127.0.0.1', port: 0, token }, metrics, health)
  t.teardown(() => listener.close())
  const get = async (url: string, headers: Record<string, string> = {}, method = 'GET') =>
    (await fetch(`http://127.0.0.1:${listener.port}${url}`, { headers, method })).status
  t.equal(await get('/metrics'), 401)
  t.equal(await get('/metrics', { authorization: 'Bearer wrong' }), 401)
  t.equal(await get('/metrics', { authorization: `Bearer ${token}` }), 200)
  t.equal(await get('/metrics', { authorization: `Bearer ${token}` }, 'POST'), 405)
  t.equal(await get('/api/health/live'), 404)
  t.equal(await get('/health/live'), 200, 'from inside health needs no token')
  t.equal(await get('/health/ready'), 503)
})

t.test('a listener that others can reach needs a token', async (t) => {
  const read = (env: Record<string, string>) => readConfig({ METRICS_PORT: '9464', ...env }, ROOT).metrics
  t.strictSame(read({}), { host: '127.0.0.1', port: 9464, token: null })
  t.throws(() => read({ METRICS_HOST: '0.0.0.0' }), ConfigError)
  t.throws(() => read({ METRICS_HOST: '0.0.0.0', METRICS_TOKEN: 'short' }), ConfigError)
  t.match(read({ METRICS_HOST: '0.0.0.0', METRICS_TOKEN: 'x'.repeat(16) }), { host: '0.0.0.0' })
})

t.test('docs/operations.md lists every metric, and the sample alerts use no other', async (t) => {
  const app = await testApp(t)
  const text = await scrape(app)
  const shown = [...text.matchAll(/^# TYPE (frontdesk_\w+)/gm)].map(([, name]) => name!)
  const own = shown.filter((name) => !/^frontdesk_(process|nodejs)_/.test(name))
  const read = (...parts: string[]) => readFileSync(path.join(ROOT, 'docs', ...parts), 'utf8')
  const listed = [...read('operations.md').matchAll(/^\| `(frontdesk_\w+)` \|/gm)].map(([, name]) => name!)
  // Only PostgreSQL has a pool.
  t.strictSame(listed.filter((name) => name !== 'frontdesk_database_connections').sort(), own.sort())
  for (const [name] of read('samples', 'prometheus-alerts.yml').matchAll(/\bfrontdesk_\w+/g))
    t.ok(shown.includes(name.replace(/_(bucket|count|sum)$/, '')), name)
})
