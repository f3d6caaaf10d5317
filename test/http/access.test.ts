// Every route × every kind of caller × own and other inbox: who gets what, and that a refusal changes nothing.
import t from 'tap'
import { type Entry, requests, routesOf } from '../support/requests.js'
import { changed, restore, snapshot } from '../support/snapshot.js'
import { type Caller, makeWorld, ok, type Side, type World } from '../support/world.js'

const world = await makeWorld(t)
const { app, sides, callers, caller } = world
const before = await snapshot(app.db)
t.afterEach(async () => {
  await restore(app, before)
})

t.test('the matrix', async (t) => {
  const routes = routesOf(world)

  t.same(
    routes.map(({ name }) => name).filter((name) => !requests[name]),
    [],
    'every route has an entry in the table',
  )
  t.same(
    Object.keys(requests).filter((name) => !routes.some((route) => route.name === name)),
    [],
    'every entry of the table is a route',
  )

  for (const { name, method, permission } of routes) {
    const entry = requests[name]!
    const ask = async (side: Side, caller: Caller, token: string | null) => {
      const { path, body, headers } = entry.request(side, caller, world)
      return app.call(method, path, body, { token, ...(headers && { headers }) })
    }
    const wrong: string[] = []
    const check = (what: string, wanted: number, got: { status: number; body: unknown }) => {
      if (got.status !== wanted)
        wrong.push(`${what}: ${got.status} instead of ${wanted} ${JSON.stringify(got.body).slice(0, 300)}`)
    }

    const admin = world.caller('admin')
    const strangers = {
      ...world.tokens,
      none: null,
      garbage: `fd_${'x'.repeat(43)}`,
      short: 'fd_',
      basic: '',
    }
    if (permission !== 'public')
      for (const [kind, token] of Object.entries(strangers))
        check(`a token that is ${kind}`, 401, await ask(sides.own, admin, token))
    const allowed: [Side, Caller][] = []
    for (const caller of callers)
      for (const side of [sides.own, sides.other]) {
        const wanted = expected(entry, permission, side, caller)
        if (wanted === entry.ok && method !== 'GET') {
          allowed.push([side, caller])
          continue
        }
        const answer = await ask(side, caller, caller.token)
        check(`${caller.name} on ${side.name}`, wanted, answer)
        const told = JSON.stringify(answer.body)
        if (!caller.all && entry.scope === 'inbox' && tellsOf(sides.other, told, entry, side, caller, world))
          wrong.push(`${caller.name} on ${side.name} was told of the other inbox: ${told.slice(0, 300)}`)
      }
    t.same(wrong, [], `${name} refuses who may not`)
    t.same(changed(before, await snapshot(app.db)), [], `${name} changes nothing when it refuses or reads`)

    if (method === 'GET') continue
    wrong.length = 0
    for (const [side, caller] of allowed) {
      check(`${caller.name} on ${side.name}`, entry.ok, await ask(side, caller, caller.token))
      if ((await restore(app, before)).length === 0)
        wrong.push(`${caller.name} on ${side.name}: nothing was done`)
    }
    t.same(wrong, [], `${name} does its work for who may`)
    t.ok(allowed.length > 0, `${name} can be used by somebody`)
  }
})

function expected(entry: Entry, permission: string, side: Side, caller: Caller): number {
  const open = permission === 'public' || permission === 'any'
  if (!open && !caller.permissions.has(permission)) return 403
  const reaches = entry.reaches ?? ((who: Caller) => who.all)
  if (entry.scope === 'desk' || side.name === 'alpha' || reaches(caller)) return entry.ok
  return entry.foreign ?? 404
}

/** Whether an answer holds anything of the other inbox beyond what the request itself named. */
function tellsOf(other: Side, told: string, entry: Entry, side: Side, caller: Caller, world: World): boolean {
  const asked = JSON.stringify(entry.request(side, caller, world))
  const { inbox, number: _number, version: _version, name, ...ids } = other
  const traces = [...Object.values(ids), inbox.id, inbox.address, `${name} secret`]
  return traces.some((trace) => told.includes(trace) && !asked.includes(trace))
}

t.test('lists and searches leave out what belongs to others', async (t) => {
  const { token } = caller('limited')
  const see = async (path: string) => (await ok(app, 'GET', path, undefined, token)).items as { id: string }[]
  for (const path of [
    '/api/tickets',
    '/api/tickets?subject=secret',
    '/api/tickets?subject=bravo',
    '/api/tickets?sort=updated',
    '/api/tickets?status=new,open',
    `/api/tickets?requesterId=${sides.other.contact}`,
    `/api/tickets?assigneeId=none&inboxId=${sides.other.inbox.id}`,
    '/api/contacts',
    '/api/contacts?name=bravo',
    '/api/contacts?email=one@bravo.example',
    '/api/intakes',
    '/api/intakes?state=quarantined',
    '/api/inboxes',
  ]) {
    const items = await see(path)
    t.notMatch(JSON.stringify(items), /bravo/, path)
    t.equal(items.length > 0, !/bravo|requesterId|inboxId/.test(path), `${path} shows what is one’s own`)
  }
  const all = await ok(app, 'GET', '/api/tickets?subject=bravo')
  t.equal(all.items.length, 2, 'the administrator finds them')
})

t.test('a ticket of others is no target', async (t) => {
  const { token } = caller('limited')
  const { own, other } = sides
  for (const [method, path, body, status] of [
    ['POST', `/api/tickets/${own.ticket}/merge`, { into: other.ticket }, 404],
    ['POST', `/api/tickets/${own.ticket}/merge`, { into: String(other.number) }, 404],
    ['POST', `/api/tickets/${other.ticket}/merge`, { into: own.ticket }, 404],
    ['POST', `/api/messages/${own.message}/move`, { to: other.ticket }, 404],
    ['POST', `/api/messages/${other.message}/move`, { to: own.ticket }, 404],
    ['POST', `/api/messages/${other.message}/move`, { to: null }, 404],
    ['PATCH', `/api/tickets/${own.ticket}`, { version: own.version, inboxId: other.inbox.id }, 422],
    ['POST', '/api/tickets', { subject: 'x', inboxId: own.inbox.id, requesterId: other.contact }, 422],
    ['GET', `/api/tickets/${other.number}`, undefined, 404],
    ['GET', `/api/tickets/${other.ticket}/timeline`, undefined, 404],
    ['GET', `/api/intakes/${other.intake}/raw`, undefined, 404],
    ['GET', `/api/attachments/${other.attachment}`, undefined, 404],
  ] as const) {
    const answer = await app.call(method, path, body, { token })
    t.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body)}`)
    t.notMatch(JSON.stringify(answer.body), /bravo/)
  }
  t.same(changed(before, await snapshot(app.db)), [])
})

t.test('a ticket of others and one that does not exist are answered alike', async (t) => {
  const { token } = caller('limited')
  const ask = async (id: string) => {
    const { status, body } = await app.call('GET', `/api/tickets/${id}`, undefined, { token })
    return { status, body: { ...body, requestId: '' } }
  }
  t.same(await ask(sides.other.ticket), await ask('01980c3e-0000-7000-8000-000000000001'))
})

t.test('an upload belongs to the agent who made it until a message takes it', async (t) => {
  const mine = caller('agent').token
  const other = caller('limited').token
  const file = await ok(app, 'POST', '/api/attachments?filename=a.txt', Buffer.from('plan'), mine)
  const read = async (token: string) =>
    (await app.call('GET', `/api/attachments/${file.id}`, undefined, { token })).status
  t.same([await read(mine), await read(other), await read(app.adminToken)], [200, 404, 404])
  const notes = `/api/tickets/${sides.own.ticket}/notes`
  const stolen = await app.call('POST', notes, { text: 'x', attachments: [file.id] }, { token: other })
  t.equal(stolen.status, 422)
  await ok(app, 'POST', notes, { text: 'see the plan', attachments: [file.id] }, mine)
  t.same([await read(mine), await read(other)], [200, 200], 'now it is seen with its ticket')
  const again = await app.call('POST', notes, { text: 'x', attachments: [file.id] }, { token: mine })
  t.equal(again.status, 422, 'and cannot be taken twice')
})

t.test(
  'a ticket shared with a team or an inbox is seen, and its links to hidden tickets are not',
  async (t) => {
    const { token } = caller('agent')
    await app.db.transaction((tx) =>
      tx.insert(tx.t.ticketInboxes).values({ ticketId: sides.other.ticket, inboxId: sides.own.inbox.id }),
    )
    await app.db.transaction((tx) =>
      tx.insert(tx.t.ticketLinks).values([
        { ticketId: sides.other.ticket, otherId: sides.other.second, kind: 'follow-up', createdAt: tx.now },
        { ticketId: sides.own.ticket, otherId: sides.other.ticket, kind: 'follow-up', createdAt: tx.now },
      ]),
    )
    const seen = await ok(app, 'GET', `/api/tickets/${sides.other.ticket}`, undefined, token)
    t.same(
      seen.links.map(({ ticketId }: { ticketId: string }) => ticketId),
      [sides.own.ticket],
    )
    t.equal((await ok(app, 'GET', `/api/tickets/${sides.other.ticket}`)).links.length, 2)
  },
)

t.test('a permission that a part of a request needs is asked for as well', async (t) => {
  const role = { name: 'writer', permissions: ['tickets:write', 'contacts:read'], allInboxes: true }
  await ok(app, 'POST', '/api/roles', role)
  const { token } = await app.agent('writer')
  const body = { subject: 'x', inboxId: sides.own.inbox.id, requesterId: sides.own.contact, message: 'Hello' }
  t.equal((await app.call('POST', '/api/tickets', body, { token })).status, 403, 'sending a message')
  const tickets = `/api/contacts/${sides.own.contact}/tickets`
  t.equal((await app.call('GET', tickets, undefined, { token })).status, 403, 'reading tickets of a contact')
})
