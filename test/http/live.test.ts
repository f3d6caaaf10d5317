// Live updates over real sockets: what is told to whom, how long, and that nothing is left out.
import { eq } from 'drizzle-orm'
import t from 'tap'
import { SECOND } from '../../src/clock.js'
import { createToken } from '../../src/people/tokens.js'
import { eachDatabase, type TestApp, testApp } from '../../src/testing/index.js'
import { pause, times, until } from '../support/databases.js'
import { connect, type LiveClient } from '../support/live.js'
import { ok } from '../support/world.js'

const mail = (subject: string) => `From: Ann <ann@guest.example>\nSubject: ${subject}\n\nthe secret text\n`

const typesOf = (client: LiveClient) => client.entries().map(({ type }) => type)

async function ticketIn(app: TestApp, address = app.inbox.address, subject = 'Cold'): Promise<string> {
  const { ticketId } = await app.mail(mail(subject), address)
  return ticketId!
}

/** What comes after it was not left out before it. */
async function marked(app: TestApp, client: LiveClient, ticketId: string) {
  const { id } = await ok(app, 'POST', `/api/tickets/${ticketId}/notes`, { text: 'a mark' })
  return until(() => client.entries().some(({ messageId }) => messageId === id))
}

t.test('what happens to tickets is told, without texts', async (t) => {
  await eachDatabase(t, async (t, database) => {
    const app = await testApp(t, { database })
    const client = await connect(app)
    t.match(client.headers, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    t.match(client.text(), /^retry: \d+\n\n/)
    const ticketId = await ticketIn(app)
    await ok(app, 'POST', `/api/tickets/${ticketId}/assign`, { teamId: null, assigneeId: null })
    await ok(app, 'PUT', `/api/tickets/${ticketId}/tags`, { tags: ['vip'] })
    const note = await ok(app, 'POST', `/api/tickets/${ticketId}/notes`, { text: 'the secret text' })
    t.ok(await until(() => client.entries().length >= 4))
    t.same(typesOf(client), ['ticket_created', 'message_received', 'changed', 'note_added'])
    const stored = (await ok(app, 'GET', `/api/tickets/${ticketId}/timeline`)).items
    t.same(
      client.entries().map(({ seq, at }) => [seq, at]),
      stored.map(({ seq, at }: { seq: number; at: string }) => [seq, at]),
    )
    t.match(client.entries()[2], {
      ticketId,
      ticketNumber: 1,
      actor: { kind: 'agent' },
      changes: { tags: [[], ['vip']] },
    })
    t.match(client.entries()[3], { messageId: note.id, changes: {} })
    t.notMatch(client.text(), /secret/)
    client.close()
    t.ok(await until(() => app.http.live.count() === 0), 'a client that has gone is forgotten')
  })
})

t.test('a client that comes back gets what it missed, each entry once', async (t) => {
  await eachDatabase(t, async (t, database) => {
    const app = await testApp(t, { database })
    const first = await connect(app)
    const ticketId = await ticketIn(app)
    t.ok(await marked(app, first, ticketId))
    first.close()
    await until(() => app.http.live.count() === 0)
    const missed = await ok(app, 'POST', `/api/tickets/${ticketId}/notes`, { text: 'missed' })
    const second = await connect(app, { headers: { 'last-event-id': first.cursor() } })
    t.same(typesOf(second), ['note_added'])
    t.equal(second.entries()[0].messageId, missed.id)
    t.ok(await marked(app, second, ticketId), 'and then it is live')
    t.equal(second.entries().length, 2)
    const third = await connect(app, { query: `?since=${first.cursor()}` })
    t.equal(third.entries().length, 2, 'the cursor can stand in the query')
    const fresh = await connect(app)
    t.same(fresh.entries(), [], 'without a cursor one begins now')
  })
})

t.test('a cursor that is unknown or too old: the client is told to load anew', async (t) => {
  const app = await testApp(t)
  const first = await connect(app)
  const ticketId = await ticketIn(app)
  await marked(app, first, ticketId)
  for (const id of ['999999999', 'nonsense', '-1']) {
    const client = await connect(app, { headers: { 'last-event-id': id } })
    t.match(client.events, [{ event: 'reset', data: { reason: 'unknown_cursor' } }], id)
    t.ok(await marked(app, client, ticketId), 'it is live all the same')
  }
  await many(app, ticketId, 301)
  const old = await connect(app, { headers: { 'last-event-id': first.events[0]!.id } })
  t.match(old.events, [{ event: 'reset', data: { reason: 'too_old' } }])
})

const many = (app: TestApp, ticketId: string, count: number) =>
  app.db.transaction(async (tx) => {
    const row = { ticketId, at: tx.now, type: 'changed', actorKind: 'system' as const, data: {} }
    for (let n = 0; n < count; n += 100)
      await tx.insert(tx.t.timeline).values(times(Math.min(100, count - n), () => row))
    tx.announce('timeline')
  })

t.test('a step of many pages comes whole and in order', async (t) => {
  await eachDatabase(t, async (t, database) => {
    const app = await testApp(t, { database })
    const ticketId = await ticketIn(app)
    const client = await connect(app)
    await many(app, ticketId, 1000)
    t.ok(await until(() => client.entries().length >= 1000))
    const numbers = client.entries().map(({ seq }) => seq)
    t.same(
      numbers,
      [...new Set(numbers)].toSorted((a, b) => a - b),
    )
    t.equal(numbers.length, 1000)
  })
})

t.test('a client chooses what it hears of', async (t) => {
  const app = await testApp(t)
  const other = await app.addInbox('sales@desk.example')
  const ticketId = await ticketIn(app)
  const all = await connect(app)
  const byInbox = await connect(app, { query: `?inboxId=${other.id}` })
  const byTicket = await connect(app, { query: `?ticketId=${ticketId}` })
  const byType = await connect(app, { query: '?types=note_added,changed' })
  await ticketIn(app, other.address, 'Price')
  await ok(app, 'POST', `/api/tickets/${ticketId}/solve`)
  t.ok(await marked(app, all, ticketId))
  t.ok(await until(() => byType.entries().length >= 2))
  t.same(typesOf(byInbox), ['ticket_created', 'message_received'])
  t.same(typesOf(byTicket), ['changed', 'note_added'])
  t.same(typesOf(byType), ['changed', 'note_added'])
  const wrong = await app.call('GET', '/api/live?types=no_such')
  t.equal(wrong.status, 400)
})

t.test('an agent hears only of tickets they may see, at that moment', async (t) => {
  await eachDatabase(t, async (t, database) => {
    const app = await testApp(t, { database })
    const other = await app.addInbox('sales@desk.example')
    const hidden = await ticketIn(app, other.address, 'Price')
    const own = await ticketIn(app)
    const { token, teamId } = await app.agent('agent', [app.inbox])
    const admin = await connect(app)
    const client = await connect(app, { token })
    t.ok(await marked(app, admin, hidden))
    t.ok(await marked(app, client, own))
    t.same(
      client.entries().map(({ ticketId }) => ticketId),
      [own],
    )
    await ok(app, 'PATCH', `/api/teams/${teamId}`, { inboxIds: [other.id] })
    t.ok(await marked(app, admin, own))
    t.ok(await marked(app, client, hidden), 'the inbox that was given')
    t.notOk(
      client.entries().filter(({ ticketId }) => ticketId === own).length > 1,
      'nothing more of the inbox that was taken away',
    )
    const before = await connect(app, { token, headers: { 'last-event-id': client.events[0]!.id } })
    t.same(
      before.entries().map(({ ticketId }) => ticketId),
      [hidden, hidden],
      'what is sent again is filtered by the rights of now',
    )
  })
})

t.test('a connection ends within a second with its rights', async (t) => {
  const app = await testApp(t)
  const admin = await connect(app)
  const fresh = async () => {
    const agent = await app.agent('agent', [app.inbox])
    return { agent, client: await connect(app, { token: agent.token }) }
  }
  const ends = async (client: LiveClient, reason: string, act: () => Promise<unknown>) => {
    await act()
    t.ok(await until(() => client.ended, 1000), `ended in time: ${reason}`)
    t.match(client.events.at(-1), { event: 'end', data: { reason } })
  }
  const revoked = await fresh()
  await ends(revoked.client, 'unauthenticated', () =>
    app.call('DELETE', '/api/session', undefined, { token: revoked.agent.token }),
  )
  const off = await fresh()
  await ends(off.client, 'unauthenticated', () =>
    app.call('PATCH', `/api/agents/${off.agent.id}`, { active: false }),
  )
  const elsewhere = await fresh()
  await ends(elsewhere.client, 'unauthenticated', () =>
    // As another process does it: no notice comes.
    app.db.transaction((tx) => tx.delete(tx.t.tokens).where(eq(tx.t.tokens.agentId, elsewhere.agent.id))),
  )
  const role = await ok(app, 'POST', '/api/roles', { name: 'none', permissions: [], allInboxes: false })
  const demoted = await fresh()
  await ends(demoted.client, 'forbidden', () =>
    app.call('PATCH', `/api/agents/${demoted.agent.id}`, { roleId: role.id }),
  )
  const { id } = await app.agent('viewer', [app.inbox])
  const short = await app.db.transaction((tx) =>
    createToken(tx, { agentId: id, name: 'x', kind: 'token', lifeMs: 10 * SECOND }),
  )
  const expiring = await connect(app, { token: short.token })
  await ends(expiring, 'unauthenticated', async () => app.clock.advance(11 * SECOND))
  t.notOk(admin.ended, 'others stay')
})

t.test('a browser opens it with a ticket that works once', async (t) => {
  const app = await testApp(t)
  const get = async (token = app.adminToken) =>
    (await ok(app, 'POST', '/api/live/tickets', undefined, token)).ticket as string
  const ticketId = await ticketIn(app)
  const ticket = await get()
  const client = await connect(app, { token: null, query: `?ticket=${ticket}` })
  t.ok(await marked(app, client, ticketId))
  const open = async (query: string, headers = {}) => {
    const client = await connect(app, { token: null, query, headers })
    client.close()
    return client.status
  }
  t.equal(await open(`?ticket=${ticket}`), 401, 'a second time')
  t.equal(await open(''), 401, 'none')
  t.equal(await open(`?ticket=fl_${'x'.repeat(43)}`), 401, 'an invented one')
  for (const name of ['token', 'access_token', 'authorization', 'ticket'])
    t.not(await open(`?${name}=${app.adminToken}`), 200, `a token in the URL as ${name}`)
  const late = await get()
  app.clock.advance(31 * SECOND)
  t.equal(await open(`?ticket=${late}`), 401, 'after half a minute')
  const url = app.config.url
  const own = await get()
  t.equal(await open(`?ticket=${own}`, { origin: 'https://evil.example' }), 403, 'a page of others')
  t.equal(await open(`?ticket=${own}`, { origin: 'null' }), 403, 'a sandboxed frame')
  t.equal(await open(`?ticket=${own}`, { origin: url }), 200, 'which has not used it up')
  const stored = await app.db.select().from(app.db.t.liveTickets)
  t.notMatch(JSON.stringify(stored), late, 'only its hash is kept')
  const agent = await app.agent('agent', [app.inbox])
  const given = await get(agent.token)
  await app.call('DELETE', '/api/session', undefined, { token: agent.token })
  t.equal(await open(`?ticket=${given}`), 401, 'it ends with the token that asked for it')
})

t.test('a client that does not read is let go; others are not disturbed', async (t) => {
  const app = await testApp(t)
  const ticketId = await ticketIn(app)
  const good = await connect(app)
  const slow = await connect(app)
  slow.pause()
  let sent = 0
  const gone = async () => {
    if (app.http.live.count() === 1) return true
    await many(app, ticketId, 200)
    sent += 200
    return until(() => good.entries().length === sent).then(() => app.http.live.count() === 1)
  }
  t.ok(await until(gone, 60_000), 'the slow one is gone')
  t.equal(good.entries().length, sent, 'the other one got everything')
})

t.test('there is an end to the connections of one agent, and of all', async (t) => {
  const app = await testApp(t)
  const { token } = await app.agent('viewer', [app.inbox])
  const clients = await Promise.all(times(20, () => connect(app, { token })))
  const more = await connect(app, { token })
  t.equal(more.status, 429)
  t.ok(more.headers['retry-after'])
  t.equal((await connect(app)).status, 200, 'another agent')
  clients[0]!.close()
  t.ok(await until(() => app.http.live.count() === 20))
  t.equal((await connect(app, { token })).status, 200, 'after one has gone')
})

t.test('a server that stops ends them at once', async (t) => {
  const app = await testApp(t)
  const clients = await Promise.all([connect(app), connect(app)])
  clients[1]!.pause()
  const stopped = app.http.app.close()
  t.ok(await until(() => clients[0]!.ended, 5000))
  t.match(clients[0]!.events.at(-1), { event: 'end', data: { reason: 'stopping' } })
  t.ok(await Promise.race([stopped.then(() => true), pause(5000).then(() => false)]), 'it does not hang')
  t.equal(app.http.live.count(), 0)
})

t.test('HEAD does not open a stream', async (t) => {
  const app = await testApp(t)
  const { status } = await app.call('HEAD', '/api/live')
  t.equal(status, 404)
  t.equal(app.http.live.count(), 0)
})

t.test('an entry without a notice is found all the same', async (t) => {
  const app = await testApp(t)
  const ticketId = await ticketIn(app)
  const client = await connect(app)
  await app.db.transaction((tx) =>
    tx.insert(tx.t.timeline).values({ ticketId, at: tx.now, type: 'changed', actorKind: 'system', data: {} }),
  )
  t.ok(await until(() => client.entries().length === 1))
})
