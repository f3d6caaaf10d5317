// Idempotency-Key on every POST: a request that is sent again gets the first answer again and does nothing.
import t from 'tap'
import { DAY, HOUR, newId } from '../../src/clock.js'
import { createTicketFilter } from '../../src/tickets/tokens.js'
import { requests, routesOf } from '../support/requests.js'
import { changed, restore, snapshot } from '../support/snapshot.js'
import { makeWorld, ok } from '../support/world.js'

const world = await makeWorld(t)
const { app, sides, caller } = world
const before = await snapshot(app.db)
t.afterEach(async () => {
  await restore(app, before)
})

const key = (value: string) => ({ headers: { 'idempotency-key': value } })
const stored = async () => (await app.db.select().from(app.db.t.idempotency)).length
const newTicket = {
  subject: 'A walk-in',
  inboxId: app.inbox.id,
  requester: { name: '', address: 'zoe@new.example' },
}
const tickets = async () => (await ok(app, 'GET', '/api/tickets?subject=walk')).items.length

t.test('every POST replays its answer for the same key', async (t) => {
  const posts = routesOf(world).filter(({ method }) => method === 'POST')
  t.ok(posts.length > 15)
  for (const { name } of posts) {
    const { path, body } = requests[name]!.request(sides.own, caller('admin'), world)
    const first = await app.call('POST', path, body, key('k'))
    t.equal(first.status, requests[name]!.ok, name)
    t.equal(first.headers['idempotency-replayed'], undefined)
    const after = await snapshot(app.db)
    const second = await app.call('POST', path, body, key('k'))
    t.equal(second.status, first.status, `${name} replays its status`)
    t.same(second.body, first.body, `${name} replays its body`)
    t.equal(second.headers['idempotency-replayed'], 'true')
    // A login is counted before it is known to be a replay.
    const differ = changed(after, await snapshot(app.db)).filter((table) => table !== 'limits')
    t.same(differ, [], `${name} does nothing the second time`)
    await restore(app, before)
  }
})

t.test('the same key with another body, query or address is refused', async (t) => {
  await app.call('POST', '/api/tickets', newTicket, key('k'))
  const other = await app.call('POST', '/api/tickets', { ...newTicket, subject: 'A walk-out' }, key('k'))
  t.match(other, { status: 422, body: { code: 'idempotency_mismatch' } })
  const elsewhere = await app.call('POST', '/api/teams', { name: 'x' }, key('k'))
  t.equal(elsewhere.status, 422)
  await app.call('POST', '/api/attachments?filename=a', Buffer.from('a'), key('file'))
  for (const [path, bytes] of [
    ['/api/attachments?filename=b', 'a'],
    ['/api/attachments?filename=a', 'b'],
  ] as const)
    t.equal((await app.call('POST', path, Buffer.from(bytes), key('file'))).status, 422, `${path} ${bytes}`)
  t.equal(await tickets(), 1)
})

t.test('while the first one runs the second is told so, and nothing is done twice', async (t) => {
  let enter = () => {}
  let leave = () => {}
  const inside = new Promise<void>((resolve) => {
    enter = resolve
  })
  const gate = new Promise<void>((resolve) => {
    leave = resolve
  })
  let held = false
  app.hooks.filter(createTicketFilter, 'test/hold', async () => {
    if (held) return undefined
    held = true
    enter()
    await gate
    return undefined
  })
  const first = app.call('POST', '/api/tickets', newTicket, key('k'))
  await inside
  const second = await app.call('POST', '/api/tickets', newTicket, key('k'))
  t.match(second, { status: 409, body: { code: 'idempotency_running' } })
  leave()
  t.equal((await first).status, 201)
  t.same((await app.call('POST', '/api/tickets', newTicket, key('k'))).body, (await first).body)
  t.equal(await tickets(), 1)
})

t.test('many at once make one', async (t) => {
  const all = await Promise.all(
    Array.from({ length: 20 }, () => app.call('POST', '/api/tickets', newTicket, key('burst'))),
  )
  t.same([...new Set(all.map(({ status }) => status))].sort(), [201, 409])
  t.equal(await tickets(), 1)
})

t.test('keys of two agents never meet', async (t) => {
  const one = await app.call('POST', '/api/tickets', newTicket, { ...key('k'), token: caller('agent').token })
  const two = await app.call('POST', '/api/tickets', newTicket, {
    ...key('k'),
    token: caller('limited').token,
  })
  t.same([one.status, two.status], [201, 201])
  t.not(one.body.id, two.body.id)
  const third = await app.call('POST', '/api/teams', { name: 'x' }, key('k'))
  t.equal(third.status, 201, 'nor do their requests')
})

t.test('an answer is kept for a day, then the key is free', async (t) => {
  const first = await app.call('POST', '/api/tickets', newTicket, key('k'))
  app.clock.advance(DAY - HOUR)
  await housekeep()
  t.same((await app.call('POST', '/api/tickets', newTicket, key('k'))).body.id, first.body.id)
  app.clock.advance(HOUR)
  await housekeep()
  t.equal(await stored(), 0)
  const later = await app.call('POST', '/api/tickets', newTicket, key('k'))
  t.equal(later.status, 201)
  t.not(later.body.id, first.body.id)
})

async function housekeep() {
  const row = { id: newId(), name: 'housekeeping', data: {}, attempts: 0, state: 'waiting' as const }
  await app.db.transaction(async (tx) => {
    await tx.delete(tx.t.jobs)
    await tx.insert(tx.t.jobs).values({ ...row, runAt: tx.now, createdAt: tx.now })
  })
  await app.runJobs()
}

t.test('a token is replayed, and is sealed where the answer is kept', async (t) => {
  const first = await app.call('POST', '/api/tokens', { name: 'script' }, key('k'))
  const second = await app.call('POST', '/api/tokens', { name: 'script' }, key('k'))
  t.match(first.body.token, /^fd_/)
  t.equal(second.body.token, first.body.token)
  t.equal((await app.call('GET', '/api/me', undefined, { token: second.body.token })).status, 200)
  t.notMatch(JSON.stringify(await snapshot(app.db)), first.body.token)
})

t.test('a password cannot be guessed from what is kept about a request', async (t) => {
  const { email, password } = world.login
  const { createHash } = await import('node:crypto')
  await app.call('POST', '/api/session', { email, password }, key('k'))
  const [row] = await app.db.select().from(app.db.t.idempotency)
  const plain = createHash('sha256').update('POST /api/session\n').update(JSON.stringify({ email, password }))
  t.not(row!.request, plain.digest('hex'))
})

t.test('a request that failed leaves the key free', async (t) => {
  const { role } = world
  for (const [path, wrong, right] of [
    ['/api/tickets', { ...newTicket, inboxId: 'none' }, newTicket],
    ['/api/teams', { name: 'night shift' }, { name: 'early shift' }],
    [
      '/api/agents',
      { name: 'K', email: 'k', roleId: role },
      { name: 'K', email: 'k@desk.example', roleId: role },
    ],
  ] as const) {
    t.ok((await app.call('POST', path, wrong, key(path))).status >= 400)
    t.equal((await app.call('POST', path, right, key(path))).status, 201, path)
  }
  const agent = { ...key('refused'), token: caller('viewer').token }
  t.equal((await app.call('POST', '/api/tickets', newTicket, agent)).status, 403)
  t.equal(await stored(), 3)
})
