// Receivers that fail: tries, pauses, what is held, and sending again.
import { closePglite } from 'frontdesk/testing'
import t from 'tap'
import { again, BASE, jobsOf, mailOf, testDesk } from './testing/desk.js'
import { DELAYS, nextTry, retryAfter } from './tries.js'

t.teardown(closePglite)
// PGlite alone takes half a minute on a machine that is busy.
t.setTimeout(120_000)
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000]

t.test('tries come ever later, and end within three days', async (t) => {
  const since = new Date('2026-03-03T09:00:00Z')
  let now = since
  for (const [index, delay] of DELAYS.entries()) {
    const at = nextTry(index + 1, since, now, null)!
    const wait = at.getTime() - now.getTime()
    t.ok(wait <= delay && wait >= delay * 0.9)
    now = at
  }
  t.equal(nextTry(DELAYS.length + 1, since, now, null), null)
  t.ok(now.getTime() - since.getTime() <= 3 * DAY)
  t.ok(now.getTime() - since.getTime() > 2 * DAY)
  const wished = nextTry(1, since, since, HOUR)!
  t.equal(wished.getTime() - since.getTime(), HOUR, 'a wish for more time is granted')
  t.equal(nextTry(1, since, since, 365 * DAY)!.getTime() - since.getTime(), 12 * HOUR, 'within bounds')
  t.equal(nextTry(14, since, new Date(since.getTime() + 2.9 * DAY), null), null, 'nothing after three days')
  t.equal(retryAfter('120', since), 120 * SECOND)
  t.equal(retryAfter('Tue, 03 Mar 2026 09:05:00 GMT', since), 5 * MINUTE)
  t.equal(retryAfter('Tue, 03 Mar 2020 09:05:00 GMT', since), 0)
  t.equal(retryAfter('soon', since), null)
})

for (const database of ['sqlite', 'postgres'] as const) {
  t.test(`${database}: a failed delivery is tried again, the same each time, until it arrives`, async (t) => {
    const desk = await testDesk(t, database)
    const { app, r } = desk
    const hook = await desk.hook({ events: ['ticketCreated'] })
    r.answer((response) => response.writeHead(500).end('no database'))
    await app.mail(mailOf('Hello'))
    t.equal(r.requests.length, 1)
    await again(desk, [])
    t.equal(r.requests.length, 1, 'a job that comes twice makes no try')
    t.match((await desk.log(hook.id))[0], {
      ...{ state: 'waiting', attempts: 1, status: 500, answer: 'no database', error: 'It answered 500.' },
    })
    await desk.wait(8 * SECOND)
    t.equal(r.requests.length, 1, 'not before its time')
    await desk.wait(2 * SECOND)
    t.equal(r.requests.length, 2)
    r.answer((response) => response.writeHead(503, { 'retry-after': '7200' }).end())
    await desk.wait(MINUTE)
    await desk.wait(HOUR)
    t.equal(r.requests.length, 3, 'Retry-After is kept')
    r.answer((response) => response.end('thanks'))
    await desk.wait(HOUR)
    t.match((await desk.log(hook.id))[0], {
      state: 'delivered',
      attempts: 4,
      status: 200,
      error: null,
      nextAt: null,
    })
    const [first, ...rest] = r.requests
    for (const { headers, body } of rest) {
      t.equal(headers['webhook-id'], first!.headers['webhook-id'])
      t.equal(body, first!.body)
      t.not(headers['webhook-timestamp'], first!.headers['webhook-timestamp'])
    }
    t.match(await desk.read(hook.id), { state: 'active', failures: 0, failingSince: null })
  })

  t.test(
    `${database}: a dead receiver is paused, its events are held and sent when it is on again`,
    async (t) => {
      const desk = await testDesk(t, database, {
        'webhooks.pauseAfterFailures': 6,
        'webhooks.pauseAfterHours': 1,
        'webhooks.holdAtMost': 3,
      })
      const { app, r } = desk
      const [hook, healthy] = [
        await desk.hook({ events: ['ticketCreated'] }),
        await desk.hook({ events: ['ticketCreated'] }),
      ]
      await app.call('PATCH', `${BASE}/endpoints/${healthy.id}`, { url: r.url.replace('/hook', '/healthy') })
      const down = (response: import('node:http').ServerResponse) =>
        response.writeHead(response.req.url === '/healthy' ? 204 : 500).end()
      r.answer(down)
      await app.mail(mailOf('One'))
      for (const delay of DELAYS.slice(0, 5)) await desk.wait(delay)
      t.match(
        await desk.read(hook.id),
        { state: 'active', failures: 6 },
        'enough failures, but not for long enough',
      )
      await desk.wait(HOUR)
      t.match(await desk.read(hook.id), {
        state: 'paused',
        reason: /^7 tries have failed in a row since 2026/,
      })
      t.match((await desk.log(hook.id))[0], { state: 'held', attempts: 7 })
      const { body: notices } = await app.call('GET', '/api/notices')
      t.match(JSON.stringify(notices), /127\.0\.0\.1:\d+ is paused/)
      t.notMatch(JSON.stringify(notices), /hook is paused|\/hook /)
      const before = r.requests.length
      for (const subject of ['Two', 'Three', 'Four', 'Five']) await app.mail(mailOf(subject))
      t.equal(r.requests.length - before, 4, 'only to the healthy one')
      t.equal((await desk.log(hook.id, '?state=held')).length, 3, 'no more than may be held')
      t.equal((await desk.read(hook.id)).dropped, 2)
      t.equal(
        (await app.call('POST', `${BASE}/deliveries/${(await desk.log(hook.id))[0].id}/replay`)).status,
        409,
      )

      r.answer((response) => response.end())
      const on = await app.call('PATCH', `${BASE}/endpoints/${hook.id}`, { active: true })
      t.match(on.body, { state: 'active', reason: null, failures: 0 })
      await app.runJobs({ twice: true })
      // The third has found both lanes taken.
      await desk.wait(SECOND)
      t.strictSame(
        (await desk.log(hook.id)).map(({ state }) => state),
        ['delivered', 'delivered', 'delivered'],
      )
      t.equal(r.requests.length - before, 4 + 3)
      t.notMatch(JSON.stringify((await app.call('GET', '/api/notices')).body), /is paused/)
    },
  )

  t.test(
    `${database}: one delivery, or those of a time, are sent again under their ids; old ones leave the log`,
    async (t) => {
      const desk = await testDesk(t, database, { 'webhooks.keepDays': 7 })
      const { app, r } = desk
      const hook = await desk.hook({ events: ['ticketCreated'] })
      const url = `${BASE}/endpoints/${hook.id}`
      for (const status of [200, 200, 500]) {
        r.answer((response) => response.writeHead(status).end())
        await app.mail(mailOf('Hello'))
        app.clock.advance(MINUTE)
      }
      r.answer((response) => response.writeHead(400).end())
      await desk.wait(3 * DAY)
      const ids = () => r.requests.splice(0).map(({ headers }) => headers['webhook-id'])
      const sent = [...new Set(ids())]
      r.answer((response) => response.end())
      t.match((await app.call('POST', `${BASE}/deliveries/${sent[0]}/replay`)).body, {
        id: sent[0],
        state: 'waiting',
      })
      await app.runJobs({ twice: true })
      t.strictSame(ids(), [sent[0]])
      app.clock.advance(MINUTE)

      const whole = { from: '2026-03-03T09:00:00Z', to: '2026-03-04T09:00:00Z' }
      const failed = await app.call('POST', `${url}/replay`, { ...whole, failedOnly: true })
      t.match(failed, { status: 202, body: { matched: 1 } })
      await app.runJobs({ twice: true })
      t.strictSame(ids(), [sent[2]])
      app.clock.advance(MINUTE)
      t.match((await app.call('POST', `${url}/replay`, { ...whole, from: '2026-03-03T09:00:30Z' })).body, {
        matched: 2,
      })
      await app.runJobs({ twice: true })
      t.strictSame(ids().sort(), [sent[1], sent[2]].sort())
      t.equal((await app.call('POST', `${url}/replay`, { from: whole.to, to: whole.from })).status, 400)

      await desk.wait(6 * DAY)
      await app.mail(mailOf('New'))
      await app.db.transaction((tx) =>
        tx.insert(tx.t.jobs).values({
          ...{ id: 'upkeep', name: 'webhooks.upkeep', key: null, data: {}, state: 'waiting', attempts: 0 },
          ...{ runAt: tx.now, createdAt: tx.now },
        }),
      )
      await app.runJobs({ twice: true })
      t.equal((await desk.log(hook.id)).length, 1)
      t.equal((await jobsOf(desk)).filter(({ state }) => state === 'dead').length, 0)
    },
  )
}

t.test('a receiver that is away for three days has failed', async (t) => {
  const desk = await testDesk(t, 'sqlite', { 'webhooks.pauseAfterFailures': 1000 })
  const { app, r } = desk
  const hook = await desk.hook({ events: ['ticketCreated'], url: r.url.replace('127.0.0.1', '127.0.0.2') })
  await app.mail(mailOf('Hello'))
  for (const delay of DELAYS) await desk.wait(delay)
  t.match((await desk.log(hook.id))[0], {
    state: 'failed',
    attempts: 15,
    status: null,
    error: /refused/,
    nextAt: null,
  })
  await desk.wait(30 * DAY)
  t.equal((await desk.log(hook.id, '?state=failed'))[0].attempts, 15)
})

t.test('410 pauses at once; switched off, nothing is kept', async (t) => {
  const desk = await testDesk(t, 'sqlite')
  const { app, r } = desk
  const hook = await desk.hook({ events: ['ticketCreated'] })
  r.answer((response) => response.writeHead(410).end())
  await app.mail(mailOf('One'))
  t.match(await desk.read(hook.id), { state: 'paused', reason: /410/ })
  app.clock.advance(SECOND)
  await app.call('POST', `${BASE}/endpoints/${hook.id}/ping`)
  await app.runJobs()
  t.match((await desk.log(hook.id))[0], { event: 'webhooks.ping', state: 'failed', attempts: 1 })
  t.match(await desk.read(hook.id), { failures: 1 }, 'a test says nothing about the receiver')
  t.match((await app.call('PATCH', `${BASE}/endpoints/${hook.id}`, { active: false })).body, {
    state: 'off',
    reason: null,
  })
  await app.mail(mailOf('Two'))
  t.equal((await desk.log(hook.id)).length, 2)
})

t.test('one slow receiver holds nobody up', async (t) => {
  const desk = await testDesk(t, 'sqlite')
  const { app, r } = desk
  const [slow, fast] = [await desk.hook(), await desk.hook()]
  await app.call('PATCH', `${BASE}/endpoints/${fast.id}`, { url: r.url.replace('/hook', '/fast') })
  let open = 0
  let most = 0
  r.answer((response) => {
    if (response.req.url === '/fast') return response.end()
    most = Math.max(most, ++open)
    setTimeout(() => response.end(() => open--), 60)
    return
  })
  for (let i = 0; i < 12; i++)
    for (const { id } of [slow, fast]) await app.call('POST', `${BASE}/endpoints/${id}/ping`)
  await app.runJobs()
  t.equal(most, 2, 'never more than two at once')
  const states = async (id: string) => (await desk.log(id)).map(({ state }) => state)
  t.ok((await states(slow.id)).includes('waiting'), 'the others came back later instead of waiting')
  for (let i = 0; i < 10; i++) await desk.wait(SECOND)
  for (const { id } of [slow, fast]) t.ok((await states(id)).every((state) => state === 'delivered'))
})

t.test('what a person starts anew during a try is not undone by its end', async (t) => {
  const desk = await testDesk(t, 'sqlite')
  const { app, r } = desk
  const hook = await desk.hook({ events: ['ticketCreated'] })
  r.answer(async (response) => {
    r.answer((second) => second.end())
    app.clock.advance(SECOND)
    const id = response.req.headers['webhook-id']
    t.equal((await app.call('POST', `${BASE}/deliveries/${id}/replay`)).status, 202)
    response.writeHead(500).end()
  })
  await app.mail(mailOf('Hello'))
  t.equal(r.requests.length, 2)
  t.match((await desk.log(hook.id))[0], { state: 'delivered', attempts: 1, status: 200, error: null })
  t.match(await desk.read(hook.id), { failures: 0 })
  await desk.wait(DAY)
  t.equal(r.requests.length, 2)
})
