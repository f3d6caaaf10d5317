// /dashboard: who gets in, what it shows, and that nothing can be done there.
import t from 'tap'
import { newId } from '../../src/clock.js'
import { type TestApp, testApp } from '../../src/testing/index.js'

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
})

t.test('whoever guesses is stopped; who has a token is not', async (t) => {
  const app = await testApp(t)
  const wrong = `fd_${'x'.repeat(43)}`
  let answer = await look(app, '/dashboard', wrong)
  for (let n = 0; n < 60 && answer.status === 401; n++) answer = await look(app, '/dashboard', wrong)
  t.equal(answer.status, 429)
  t.equal((await look(app, '/dashboard')).status, 200)
})

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
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
    t.equal((await look(app, `/dashboard/api/queues/intake/${id}/retry`, app.adminToken, method)).status, 404)
})
