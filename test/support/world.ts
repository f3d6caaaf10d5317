// A desk with two inboxes that know nothing of each other, the same things in both, and callers of every kind.
import { scryptSync } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { DAY, newId, SECOND } from '../../src/clock.js'
import { createToken } from '../../src/people/tokens.js'
import { type TestApp, type TestAppOptions, testApp } from '../../src/testing/index.js'
import type { Inbox } from '../../src/tickets/inboxes.js'
import { probe } from './probe.js'

/** The things of one inbox. */
export interface Side {
  name: 'alpha' | 'bravo'
  inbox: Inbox
  /** By mail, with an attachment and a waiting reply. */
  ticket: string
  number: number
  version: number
  /** Another one, solved. */
  second: string
  contact: string
  message: string
  attachment: string
  waiting: string
  failed: string
  note: string
  intake: string
  quarantined: string
}

export interface Caller {
  name: string
  agentId: string
  token: string
  permissions: ReadonlySet<string>
  /** Sees every inbox, not only alpha. */
  all: boolean
  /** A further token of theirs, and an upload that no message has taken. */
  spare: string
  upload: string
}

export interface World {
  app: TestApp
  sides: { own: Side; other: Side }
  callers: Caller[]
  caller(name: string): Caller
  tokens: { expired: string; off: string }
  /** An agent of no importance, with a password. */
  login: { id: string; email: string; password: string }
  team: string
  role: string
  deadJob: string
  suppressed: string
}

interface Tap {
  teardown(fn: () => unknown): void
}

export async function makeWorld(t: Tap, options: TestAppOptions = {}): Promise<World> {
  const app = await testApp(t, { plugins: [probe], ...options })
  const bravoInbox = await app.addInbox('bravo@desk.example', 'other')
  const sides = {
    own: await makeSide(app, 'alpha', app.inbox),
    other: await makeSide(app, 'bravo', bravoInbox),
  }
  const callers = [await makeCaller(app, 'admin', true)]
  const all = [...callers[0]!.permissions]
  for (const [name, permissions] of [
    ['nobody', []],
    ['limited', all],
  ] as const)
    await ok(app, 'POST', '/api/roles', { name, permissions, allInboxes: false })
  for (const role of ['nobody', 'viewer', 'agent', 'limited'])
    callers.push(await makeCaller(app, role, false))
  const login = await ok(app, 'POST', '/api/agents', {
    name: 'Lou',
    email: LOGIN.email,
    roleId: (await ok(app, 'POST', '/api/roles', { name: 'idle', permissions: [], allInboxes: false })).id,
  })
  const off = await app.agent('admin')
  await ok(app, 'PATCH', `/api/agents/${off.id}`, { active: false })
  const extra = await insertExtra(app, off.id, callers)
  return {
    app,
    sides,
    callers,
    caller: (name) => callers.find((one) => one.name === name)!,
    login: { id: login.id, ...LOGIN },
    team: (await ok(app, 'POST', '/api/teams', { name: 'night shift' })).id,
    role: login.roleId,
    ...extra,
  }
}

async function makeSide(app: TestApp, name: Side['name'], inbox: Inbox): Promise<Side> {
  const mail = (id: string, from: string, body: string) =>
    app.mail(
      `From: ${name} ${id} <${from}>\nTo: ${inbox.address}\nMessage-ID: <${id}@${name}.example>\nSubject: ${name} secret ${id}\n${body}`,
      inbox.address,
    )
  const first = await mail('one', `one@${name}.example`, WITH_PICTURE)
  const second = await mail('two', `two@${name}.example`, `\n${name} secret text\n`)
  const loop = await mail('loop', inbox.address, `\n${name} secret text\n`)
  const replies = `/api/tickets/${first.ticketId}/replies`
  const failed = await ok(app, 'POST', replies, { text: `${name} secret reply` })
  await app.db.transaction(async (tx) => {
    await tx.update(tx.t.messages).set({ delivery: 'failed' }).where(eq(tx.t.messages.id, failed.id))
    await tx.delete(tx.t.jobs).where(eq(tx.t.jobs.key, failed.id))
  })
  const waiting = await ok(app, 'POST', replies, { text: `${name} secret reply` })
  await ok(app, 'POST', `/api/tickets/${second.ticketId}/solve`)
  const note = await ok(app, 'POST', `/api/tickets/${first.ticketId}/notes`, { text: `${name} secret note` })
  const ticket = await ok(app, 'GET', `/api/tickets/${first.ticketId}`)
  return {
    name,
    inbox,
    ticket: ticket.id,
    number: ticket.number,
    version: ticket.version,
    second: second.ticketId!,
    contact: ticket.requesterId,
    message: first.messageId!,
    attachment: ticket.messages[0].attachments[0].id,
    waiting: waiting.id,
    failed: failed.id,
    note: note.id,
    intake: String(first.id),
    quarantined: String(loop.id),
  }
}

const WITH_PICTURE = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

See the picture.
--b
Content-Type: image/svg+xml; name="a.svg"
Content-Disposition: attachment; filename="a.svg"

<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>
--b--
`

async function makeCaller(app: TestApp, role: string, all: boolean): Promise<Caller> {
  const { id, token } = await app.agent(role, all ? [] : [app.inbox])
  const me = await ok(app, 'GET', '/api/me', undefined, token)
  return {
    name: role,
    agentId: id,
    token,
    permissions: new Set(me.permissions),
    all,
    spare: '',
    upload: '',
  }
}

const LOGIN = { email: 'lou@desk.example', password: 'correct horse battery' }

/** The parameters stand in the hash: the same check, without the cost that makes guessing slow. */
function cheapHash(): string {
  const salt = Buffer.from('salt')
  const key = scryptSync(LOGIN.password, salt, 32, { N: 16, r: 8, p: 1 })
  return ['scrypt', 16, 8, 1, salt.toString('base64url'), key.toString('base64url')].join('$')
}

async function insertExtra(app: TestApp, offId: string, callers: Caller[]) {
  const deadJob = newId()
  const suppressed = 'gone@guest.example'
  const tokens = await app.db.transaction(async (tx) => {
    const makeToken = (agentId: string, lifeMs: number) =>
      createToken(tx, { agentId, name: 'test', kind: 'token', lifeMs })
    for (const caller of callers) {
      caller.spare = (await makeToken(caller.agentId, DAY)).id
      caller.upload = newId()
      await tx.insert(tx.t.attachments).values({
        id: caller.upload,
        agentId: caller.agentId,
        filename: 'plan.txt',
        contentType: 'text/plain',
        size: 1,
        hash: '0'.repeat(64),
        inline: false,
        createdAt: tx.now,
      })
    }
    const job = { id: deadJob, name: 'deliver', data: { messageId: 'gone' }, runAt: tx.now }
    await tx.insert(tx.t.jobs).values({ ...job, state: 'dead', attempts: 20, createdAt: tx.now })
    const gone = { name: 'gone', version: '1.0.0', tables: [], installedAt: tx.now }
    await tx.insert(tx.t.plugins).values(gone)
    const fault = { plugin: 'probe', handler: 'filter createTicket/nothing', reason: 'broken' }
    await tx.insert(tx.t.pluginFaults).values({ ...fault, deaths: 0, off: true, at: tx.now })
    await tx.insert(tx.t.suppressions).values({ address: suppressed, reason: '5.1.1', createdAt: tx.now })
    await tx.update(tx.t.agents).set({ passwordHash: cheapHash() }).where(eq(tx.t.agents.email, LOGIN.email))
    const expired = (await makeToken(callers[0]!.agentId, SECOND)).token
    return { expired, off: (await makeToken(offId, DAY)).token }
  })
  app.clock.advance(2 * SECOND)
  return { deadJob, suppressed, tokens }
}

/** The answer of a request that must succeed, as the administrator or with the token given. */
export async function ok(app: TestApp, method: string, url: string, body?: unknown, token?: string) {
  const response = await app.call(method, url, body, token === undefined ? {} : { token })
  if (response.status >= 300)
    throw new Error(`${method} ${url}: ${response.status} ${JSON.stringify(response.body)}`)
  return response.body
}
