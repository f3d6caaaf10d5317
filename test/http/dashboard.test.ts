// /dashboard: who gets in, what it shows, and that nothing can be done there.
import t from 'tap'
import { newId } from '../../src/clock.js'
import { type TestApp, testApp, testRedis } from '../../src/testing/index.js'
import { until } from '../support/databases.js'
import { noRedis, ownRedis } from '../support/redis.js'

const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(`me:${token}`).toString('base64')}` })
const look = (app: TestApp, url: string, token: string | null = app.adminToken, method = 'GET') =>
  app.call(method, url, undefined, { token: null, headers: token === null ? {} : basic(token) })

t.test('a browser logs in with a token as the password; others are asked or refused', async (t) => {
  const app = await testApp(t)
  const agent = await app.agent('agent')
  const asked = await look(app, '/dashboard', null)
  t.equal(asked.status, 401)
  t.match(asked.headers['www-authenticate'], /^Basic /)
  t.equal((await look(app, '/dashboard', agent.token)).status, 403)
  const { status, headers, body } = await look(app, '/dashboard')
  t.equal(status, 200)
  t.match(headers['content-security-policy'], /frame-ancestors 'none'/)
  t.equal(headers['cache-control'], 'no-store')
  t.notMatch(body, /https?:\/\//, 'it asks nobody else for anything')
  t.notMatch(body, / style=|<style/, 'nothing that its policy forbids')
  t.match(body, 'src="/dashboard/clean-address.js"')
  t.match((await look(app, '/dashboard/clean-address.js')).headers['content-type'], /^text\/javascript/)
})

t.test(
  'whoever guesses is stopped before the token is looked up; who has one comes in from elsewhere',
  async (t) => {
    const app = await testApp(t)
    const right = async (remoteAddress: string, token = app.adminToken) =>
      (await app.http.app.inject({ url: '/dashboard', headers: basic(token), remoteAddress })).statusCode
    t.equal(await right('127.0.0.1'), 200)
    const wrong = `fd_${'x'.repeat(43)}`
    let answer = await look(app, '/dashboard', wrong)
    for (let n = 0; n < 60 && answer.status === 401; n++) answer = await look(app, '/dashboard', wrong)
    t.equal(answer.status, 429)
    const other = await app.agent('admin')
    t.equal(await right('127.0.0.1', other.token), 429, 'a right guess does not show')
    t.equal(await right('192.0.2.7', other.token), 200)
    for (let n = 0; n < 60; n++) await right('127.0.0.1')
    t.equal(await right('127.0.0.1'), 200, 'who was in stays in')
  },
)

t.test('it shows ids of the ledger and no texts, and changes nothing', async (t) => {
  const app = await testApp(t)
  const id = newId()
  const ticketId = newId()
  await app.db.transaction(async (tx) => {
    const row = { name: 'intake', key: null, attempts: 3, createdAt: tx.now, runAt: tx.now }
    const data = { ticketId, text: 'my door code is 4711' }
    await tx.insert(tx.t.jobs).values({ ...row, id, state: 'dead', error: 'no room for Ann', data })
    await tx.insert(tx.t.jobs).values({ ...row, id: newId(), state: 'parked', data: {} })
  })
  const { body } = await look(app, '/dashboard/api/queues?activeQueue=intake&status=failed&page=1')
  const queue = body.queues.find(({ name }: { name: string }) => name === 'intake')
  t.match(queue.counts, { failed: 1, paused: 1, waiting: 0 })
  t.equal(queue.readOnlyMode, true)
  t.match(queue.jobs, [{ id, data: { ticketId, text: '(hidden)' } }])
  t.notMatch(JSON.stringify(body), /4711|Ann/)
  t.match((await look(app, `/dashboard/api/queues/intake/${id}`)).body, { status: 'failed' })
  t.equal((await look(app, `/dashboard/api/queues/intake/${id}/flow`)).status, 200)
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
    t.equal((await look(app, `/dashboard/api/queues/intake/${id}/retry`, app.adminToken, method)).status, 404)
})

const skip = testRedis() ? false : 'FRONTDESK_TEST_REDIS names no Redis server'
t.test('the queues of BullMQ stand beside those of the ledger, without reasons', { skip }, async (t) => {
  const prefix = `{dashboard-${newId()}}`
  const app = await testApp(t, { env: { REDIS_URL: testRedis()!, REDIS_PREFIX: prefix } })
  const { Queue, Worker } = await import('bullmq')
  const connection = { url: testRedis()!, maxRetriesPerRequest: null }
  const queue = new Queue('intake', { connection, prefix })
  const worker = new Worker(
    'intake',
    async () => {
      throw new Error('no room for Ann')
    },
    { connection, prefix },
  )
  const failed = new Promise((resolve) => worker.once('failed', resolve))
  const { id } = await queue.add('intake', { text: 'my door code is 4711' })
  await failed
  t.teardown(async () => {
    await worker.close()
    await queue.obliterate({ force: true })
    await queue.close()
  })
  const name = encodeURIComponent('redis: intake')
  const url = `/dashboard/api/queues?activeQueue=${name}&status=failed&page=1&jobsPerPage=10`
  const { body } = await look(app, url)
  const names = body.queues.map(({ name }: { name: string }) => name)
  t.ok(['intake', 'redis: intake'].every((one) => names.includes(one)))
  const real = body.queues.find(({ name }: { name: string }) => name === 'redis: intake')
  t.match(real, { readOnlyMode: true, counts: { failed: 1 }, jobs: [{ id, stacktrace: [] }] })
  t.equal(real.jobs[0].failedReason, 'failed: the reason is in /api/jobs')
  const one = await look(app, `/dashboard/api/queues/${name}/${id}`)
  t.match(one.body, { status: 'failed' })
  t.notMatch(JSON.stringify([body, one.body]), /4711|Ann/)
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
    t.equal(
      (await look(app, `/dashboard/api/queues/${name}/${id}/retry`, app.adminToken, method)).status,
      404,
    )
  t.equal(await queue.getFailedCount(), 1)
})

t.test('while Redis is away the dashboard shows the ledger alone', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t)
  const app = await testApp(t, { env: { REDIS_URL: redis.url } })
  const names = async () => {
    const { body } = await look(app, '/dashboard/api/queues?page=1&jobsPerPage=10')
    return body.queues.map(({ name }: { name: string }) => name)
  }
  t.ok(await until(async () => (await names()).includes('redis: intake')))
  await redis.kill()
  t.ok(await until(async () => !(await names()).includes('redis: intake')))
  t.ok((await names()).includes('intake'))
})
