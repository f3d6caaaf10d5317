// What is sent, to whom, how it is signed, and who may see it.

import { sql } from 'drizzle-orm'
import { closePglite, pluginContract } from 'frontdesk/testing'
import t from 'tap'
import webhooks from './index.js'
import { signedHeaders } from './sign.js'
import { again, BASE, jobsOf, mailOf, testDesk, verifies } from './testing/desk.js'

t.teardown(closePglite)
// PGlite alone takes half a minute on a machine that is busy.
t.setTimeout(120_000)
const DAY = 86_400_000

t.test('the signature is that of the Standard Webhooks specification', async (t) => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const at = new Date(1614265330_000)
  t.strictSame(signedHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}', [secret]), {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

for (const database of ['sqlite', 'postgres'] as const) {
  t.test(`${database}: an event reaches the receiver once, signed, with its ticket`, async (t) => {
    const desk = await testDesk(t, database)
    const { app, r } = desk
    const hook = await desk.hook({ events: ['ticketCreated', 'messageReceived'] })
    const { ticketId, messageId } = await app.mail(mailOf('The shower is cold'))
    t.same(r.requests.map(({ body }) => JSON.parse(body).type).sort(), ['messageReceived', 'ticketCreated'])
    for (const request of r.requests) {
      t.ok(await verifies(hook.secret, request))
      t.notOk(await verifies(hook.secret, { ...request, body: `${request.body} ` }))
      const body = JSON.parse(request.body)
      t.match(body, {
        id: request.headers['webhook-id'],
        createdAt: '2026-03-03T09:00:00.000Z',
        data: { ticketId },
      })
      t.match(body.ticket, {
        id: ticketId,
        number: 1,
        subject: 'The shower is cold',
        status: 'new',
        tags: [],
      })
    }
    const received = r.requests
      .map(({ body }) => JSON.parse(body))
      .find(({ type }) => type === 'messageReceived')
    t.equal(received.data.messageId, messageId)
    const log = await desk.log(hook.id)
    t.match(log[0], { state: 'delivered', attempts: 1, status: 204, error: null, nextAt: null })
    const { body: one } = await app.call('GET', `${BASE}/deliveries/${received.id}`)
    t.strictSame(one.payload, received)
  })

  t.test(`${database}: what comes twice is sent once`, async (t) => {
    const desk = await testDesk(t, database)
    const { app, r } = desk
    const [a] = [await desk.hook(), await desk.hook({ events: ['ticketUpdated'] })]
    const { ticketId } = await app.mail(mailOf('Hello'))
    const before = r.requests.length
    const { body: ticket } = await app.call('GET', `/api/tickets/${ticketId}`)
    const change = { version: ticket.version, status: 'pending' }
    t.equal((await app.call('PATCH', `/api/tickets/${ticketId}`, change)).status, 200)
    const events = (await jobsOf(desk)).filter(({ name }) => name.startsWith('ticketUpdated:'))
    t.equal(events.length, 1, 'one job per event, whatever the number of receivers')
    await app.runJobs()
    await again(desk, events)
    const sent = r.requests.slice(before)
    t.equal(sent.length, 2)
    t.equal(new Set(sent.map(({ headers }) => headers['webhook-id'])).size, 2)
    t.strictSame(JSON.parse(sent[0]!.body).data.changes.status, ['new', 'pending'])
    t.equal((await desk.log(a.id)).filter(({ event }) => event === 'ticketUpdated').length, 1)
  })

  t.test(`${database}: the log is read in pages, and goes with its webhook`, async (t) => {
    const desk = await testDesk(t, database)
    const { app, r } = desk
    const hook = await desk.hook({ events: ['ticketCreated'] })
    for (let i = 0; i < 5; i++) await app.mail(mailOf(`Mail ${i}`))
    const pages: string[][] = []
    let cursor = ''
    do {
      const { body } = await app.call('GET', `${BASE}/endpoints/${hook.id}/deliveries?limit=2${cursor}`)
      pages.push(body.items.map(({ id }: { id: string }) => id))
      cursor = body.nextCursor && `&cursor=${body.nextCursor}`
    } while (cursor)
    t.strictSame(
      pages.map(({ length }) => length),
      [2, 2, 1],
    )
    t.equal(new Set(pages.flat()).size, 5)
    t.equal(
      (await app.call('GET', `${BASE}/endpoints/${hook.id}/deliveries?cursor=x`)).body.code,
      'invalid_cursor',
    )
    await app.call('POST', `${BASE}/deliveries/${pages[0]![0]}/replay`)
    t.equal((await app.call('DELETE', `${BASE}/endpoints/${hook.id}`)).status, 204)
    await app.runJobs({ twice: true })
    t.equal(r.requests.length, 5, 'what waited is not sent')
    t.equal((await app.call('GET', `${BASE}/deliveries/${pages[0]![0]}`)).status, 404)
  })
}

t.test('filters let through what fits all of them', async (t) => {
  const desk = await testDesk(t, 'sqlite')
  const { app } = desk
  const other = await app.addInbox('spa@desk.example')
  const filters = {
    all: {},
    inbox: { inboxIds: [other.id] },
    status: { statuses: ['pending'] },
    tag: { tags: ['vip', 'x'], inboxIds: [app.inbox.id] },
    team: { teamIds: ['nobody'] },
    other: { events: ['ticketMerged'] },
    off: { active: false },
  }
  const hooks = new Map<string, { id: string }>()
  for (const [name, input] of Object.entries(filters))
    hooks.set(name, await desk.hook({ events: ['ticketUpdated'], ...input }))
  const { ticketId } = await app.mail(mailOf('Hello'))
  for (const change of [{ tags: ['vip'] }, { status: 'pending' }]) {
    const { body } = await app.call('GET', `/api/tickets/${ticketId}`)
    t.equal(
      (await app.call('PATCH', `/api/tickets/${ticketId}`, { version: body.version, ...change })).status,
      200,
    )
    await app.runJobs()
  }
  const counts: Record<string, number> = {}
  for (const [name, { id }] of hooks) counts[name] = (await desk.log(id)).length
  t.strictSame(counts, { all: 2, inbox: 0, status: 1, tag: 2, team: 0, other: 0, off: 0 })
})

t.test('the secret is shown once, and the old one signs for a day more', async (t) => {
  const desk = await testDesk(t, 'sqlite')
  const { app, r } = desk
  const { secret, ...hook } = await desk.hook()
  t.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  const { status, body: renewed } = await app.call('POST', `${BASE}/endpoints/${hook.id}/secret`)
  t.equal(status, 200)
  const shown = [
    await app.call('GET', `${BASE}/endpoints`),
    await app.call('GET', `${BASE}/endpoints/${hook.id}`),
    await app.call('PATCH', `${BASE}/endpoints/${hook.id}`, { description: 'x' }),
  ]
  const stored = await app.db.rows(sql`select * from webhooks_endpoints`)
  for (const one of [secret, renewed.secret]) {
    t.notOk(JSON.stringify(shown).includes(one))
    t.notOk(JSON.stringify(stored).includes(one), 'sealed in the table')
  }
  t.notMatch(JSON.stringify(shown), /secret/i)
  const ping = async () => {
    t.equal((await app.call('POST', `${BASE}/endpoints/${hook.id}/ping`)).status, 202)
    await app.runJobs()
    const last = r.requests.at(-1)!
    return [await verifies(secret, last), await verifies(renewed.secret, last)]
  }
  t.strictSame(await ping(), [true, true])
  app.clock.advance(DAY)
  t.strictSame(await ping(), [false, true])
  t.match(JSON.parse(r.requests.at(-1)!.body), { type: 'webhooks.ping', data: {}, ticket: null })
})

t.test('nobody without the permission, or of another inbox, gets at anything', async (t) => {
  const desk = await testDesk(t, 'sqlite')
  const { app, r } = desk
  const spa = await app.addInbox('spa@desk.example')
  for (const [name, permissions] of Object.entries({
    looker: ['webhooks:read'],
    keeper: ['webhooks:read', 'webhooks:manage', 'tickets:read'],
  }))
    await app.call('POST', '/api/roles', { name, permissions, allInboxes: false })
  const [agent, looker, keeper] = [
    await app.agent('agent', [app.inbox]),
    await app.agent('looker', [app.inbox]),
    await app.agent('keeper', [app.inbox]),
  ]
  const hook = await desk.hook()
  const own = await desk.hook({ inboxIds: [app.inbox.id], events: ['ticketCreated'] })
  await app.mail(mailOf('Hello'))
  const id = (await desk.log(own.id))[0].id
  const foreign = (await desk.log(hook.id))[0].id
  const ask = async (token: string | null, method: string, url: string, body?: unknown) =>
    (await app.call(method, `${BASE}${url}`, body, { token })).status
  const input = { url: r.url, events: ['*'] }
  const writes = [
    ['POST', '/endpoints', input],
    ['PATCH', `/endpoints/${own.id}`, { description: 'x' }],
    ['DELETE', `/endpoints/${own.id}`],
    ['POST', `/endpoints/${own.id}/secret`],
    ['POST', `/endpoints/${own.id}/ping`],
    ['POST', `/endpoints/${own.id}/replay`, { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' }],
    ['POST', `/deliveries/${id}/replay`],
  ] as const
  const reads = [
    '/events',
    '/endpoints',
    `/endpoints/${own.id}`,
    `/endpoints/${own.id}/deliveries`,
    `/deliveries/${id}`,
  ]
  for (const [method, url, body] of [...writes, ...reads.map((url) => ['GET', url] as const)]) {
    t.equal(await ask(null, method, url, body), 401, `${method} ${url}`)
    t.equal(await ask(agent.token, method, url, body), 403, `${method} ${url}`)
  }
  for (const [method, url, body] of writes) t.equal(await ask(looker.token, method, url, body), 403)
  for (const url of reads) t.equal(await ask(looker.token, 'GET', url), 200)
  t.equal((await app.call('GET', `${BASE}/deliveries/${id}`, undefined, looker)).body.payload, null)
  t.equal((await app.call('GET', `${BASE}/endpoints`, undefined, keeper)).body.items.length, 1)
  for (const url of [`/endpoints/${hook.id}`, `/endpoints/${hook.id}/deliveries`, `/deliveries/${foreign}`])
    t.equal(await ask(keeper.token, 'GET', url), 404)
  t.equal(await ask(keeper.token, 'POST', `/deliveries/${foreign}/replay`), 404)
  t.equal(await ask(keeper.token, 'POST', '/endpoints', input), 403)
  t.equal(await ask(keeper.token, 'POST', '/endpoints', { ...input, inboxIds: [spa.id] }), 422)
  t.equal(await ask(keeper.token, 'PATCH', `/endpoints/${own.id}`, { inboxIds: [] }), 403)
  // Its log still has what was sent when it was for every inbox.
  await app.call('PATCH', `${BASE}/endpoints/${hook.id}`, { inboxIds: [spa.id] })
  const stranger = await app.agent('keeper', [spa])
  const { body: log } = await app.call('GET', `${BASE}/endpoints/${hook.id}/deliveries`, undefined, stranger)
  t.strictSame(log.items, [])
  t.equal(await ask(stranger.token, 'GET', `/deliveries/${foreign}`), 404)
  t.equal(await ask(keeper.token, 'POST', '/endpoints', { ...input, inboxIds: [app.inbox.id] }), 201)
})

t.test('a webhook to where none may go, or for what does not exist, is not made', async (t) => {
  const { app } = await testDesk(t, 'sqlite', { 'webhooks.allowPrivateNetworks': false })
  const make = async (input: object) =>
    (
      await app.call('POST', `${BASE}/endpoints`, {
        url: 'https://receiver.example/',
        events: ['*'],
        ...input,
      })
    ).body
  for (const url of [
    'http://127.0.0.1:8080/',
    'https://[::1]/',
    'https://2130706433/',
    'ftp://a.example/',
    'https://a:b@c.example/',
  ])
    t.match(await make({ url }), { status: 400, errors: [{ field: 'body/url' }] }, url)
  t.match(await make({ events: ['ticketExploded'] }), { status: 422, errors: [{ field: 'body/events' }] })
  t.match(await make({ inboxIds: ['nowhere'] }), { status: 422, errors: [{ field: 'body/inboxIds' }] })
  t.match(await make({ statuses: ['melted'] }), { status: 400 })
  t.match(await make({}), { state: 'active' })
})

// Last: it ends the PGlite that the tests above share.
t.test('it keeps the contract of plugins', (t) => pluginContract(t, webhooks))
