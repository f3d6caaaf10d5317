// testApp(t): the real application on a temporary database, with a clock that stands still, jobs that run when
// they are told to, and every outgoing message recorded.

import { text } from 'node:stream/consumers'
import { eq } from 'drizzle-orm'
import { type App, createApp } from '../app/app.js'
import { createLog } from '../app/log.js'
import { ROOT } from '../app/root.js'
import type { Channel, Outcome, Outgoing } from '../channels/channel.js'
import { DAY, newId } from '../clock.js'
import { readConfig } from '../config.js'
import type { Db } from '../db/types.js'
import { normalise } from '../intake/mime/normalise.js'
import type { Normaliser } from '../intake/mime/pool.js'
import { receive } from '../intake/receive.js'
import { settle } from '../jobs/ledger.js'
import { createToken } from '../people/tokens.js'
import type { Plugin } from '../plugin/define.js'
import { createInbox, type Inbox } from '../tickets/inboxes.js'
import { type ManualClock, manualClock } from './clock.js'
import { type DatabaseName, openTestDatabase, tempDir } from './databases.js'
import { runDueJobs, runUntil } from './jobs.js'

export interface TestAppOptions {
  database?: DatabaseName
  /** In the order of the list. */
  plugins?: readonly Plugin[]
  /** Values of settings by key, for instance `{ 'webhooks.keepDays': 3 }`. */
  settings?: Readonly<Record<string, unknown>>
  env?: Record<string, string>
  /** What the channel `email` answers; default: sent. */
  send?: (message: Outgoing) => Outcome | Promise<Outcome>
}

export interface Response {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
  body: any
  headers: Record<string, unknown>
}

export interface TestApp extends App {
  clock: ManualClock
  outbox: Outgoing[]
  dir: string
  inbox: Inbox
  /** A request as the administrator, or with the token given. */
  call(
    method: string,
    url: string,
    body?: unknown,
    options?: { token?: string | null; headers?: Record<string, string> },
  ): Promise<Response>
  adminToken: string
  /** An agent with this role, in a team that sees these inboxes; answers a token. */
  agent(role: string, inboxes?: Inbox[]): Promise<{ id: string; token: string; teamId: string }>
  addInbox(address: string, group?: string): Promise<Inbox>
  /** Takes a raw mail in and runs what is due; answers the intake. */
  mail(
    raw: string | Uint8Array,
    address?: string,
  ): Promise<Record<string, unknown> & { state: string; ticketId: string | null; messageId: string | null }>
  /** Runs what is due until nothing is. `twice`: every job a second time too, as a crash would. */
  runJobs(options?: { twice?: boolean }): Promise<number>
  /**
   * Moves the clock to `at`, from one due job to the next: each runs at its own time, also one that is scheduled on the
   * way. Answers how many ran.
   */
  runUntil(at: Date | string, options?: { twice?: boolean }): Promise<number>
  /** Stops it, and starts it anew with these plugins on the same data. The old one is of no use any more. */
  restart(plugins: readonly Plugin[]): Promise<TestApp>
}

interface Tap {
  teardown(fn: () => unknown): void
}

export async function testApp(t: Tap, options: TestAppOptions = {}): Promise<TestApp> {
  const { dir, remove } = tempDir()
  const clock = manualClock()
  const opened = await openTestDatabase(options.database ?? 'sqlite', dir, clock)
  // It outlives a restart: PGlite has no other place for its data.
  const db: Db = Object.assign(Object.create(opened), { close: async () => {} })
  const place: Place = { dir, clock, db }
  t.teardown(async () => {
    await place.app?.stop()
    await opened.close()
    remove()
  })
  return launch(place, options)
}

/** What stays when a desk is started anew. */
interface Place {
  readonly dir: string
  readonly clock: ManualClock
  readonly db: Db
  app?: App
  seed?: { inbox: Inbox; adminToken: string }
}

async function launch(place: Place, options: TestAppOptions): Promise<TestApp> {
  const { dir, clock, db } = place
  const config = readConfig(
    { FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', LOG_LEVEL: 'silent', ...options.env },
    ROOT,
  )
  const app = await createApp({
    config,
    log: createLog(config.logLevel),
    clock,
    db,
    normaliser: inThisThread,
    plugins: options.plugins ?? [],
  })
  place.app = app
  if (!place.seed) await set(app, options.settings ?? {})
  await app.plugins.start()
  const outbox: Outgoing[] = []
  ;(app.channels as Map<string, Channel>).set('email', recorder(outbox, options.send))
  place.seed ??= {
    inbox: await addInbox(app, 'support@desk.example', 'default'),
    adminToken: (await addAgent(app, 'admin', [])).token,
  }
  const { inbox, adminToken } = place.seed
  const test: TestApp = {
    ...app,
    clock,
    outbox,
    dir,
    inbox,
    adminToken,
    addInbox: (address, group = 'default') => addInbox(app, address, group),
    agent: (role, inboxes = []) => addAgent(app, role, inboxes),
    call: (method, url, body, more) => call(app, adminToken, method, url, body, more),
    async mail(raw, address = inbox.address) {
      const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw
      const [receipt] = await receive(app.intakeDeps, [
        { raw: bytes, address, channel: 'email', receivedAt: clock.now() },
      ])
      await app.engine.runDue()
      const [row] = await app.db
        .select()
        .from(app.db.t.intakes)
        .where(eq(app.db.t.intakes.id, receipt!.intakeId))
      return row as never
    },
    runJobs: ({ twice = false } = {}) => runDueJobs(app, twice),
    runUntil: (at, { twice = false } = {}) => runUntil(app, clock, new Date(at), twice),
    async restart(plugins) {
      await app.stop()
      const next = await launch(place, { ...options, plugins })
      // As the start of the engine does: what was parked goes on.
      await db.transaction((tx) => settle(tx, next.handlers))
      return next
    },
  }
  return test
}

async function set({ db, settings }: App, values: Readonly<Record<string, unknown>>) {
  if (Object.keys(values).length === 0) return
  await db.transaction(async (tx) => {
    for (const [key, value] of Object.entries(values)) await settings.set(tx, key, value, null)
  })
  await settings.load()
}

/** A thread of its own for every test would cost more than the test. */
const inThisThread: Normaliser = { normalise, warm() {}, close: async () => {} }

function recorder(outbox: Outgoing[], send: TestAppOptions['send']): Channel {
  return {
    name: 'email',
    async deliver(message) {
      const outcome = (await send?.(message)) ?? { kind: 'sent' as const, refused: [], providerId: null }
      if (outcome.kind === 'sent') outbox.push(message)
      return outcome
    },
    describe: () => 'recorded',
    close: async () => {},
  }
}

const addInbox = (app: App, address: string, group: string) =>
  app.db.transaction((tx) => createInbox(tx, { address, group }))

async function addAgent(app: App, roleName: string, inboxes: readonly Inbox[]) {
  return app.db.transaction(async (tx) => {
    const { agents, roles, teams, teamMembers, teamInboxes } = tx.t
    const [role] = await tx.select().from(roles).where(eq(roles.name, roleName))
    const id = newId()
    const teamId = newId()
    await tx.insert(agents).values({
      id,
      name: `${roleName} ${id.slice(-4)}`,
      email: `${roleName}.${id.slice(-12)}@desk.example`,
      roleId: role!.id,
      passwordHash: null,
      active: true,
      createdAt: tx.now,
    })
    await tx.insert(teams).values({ id: teamId, name: `team ${id}` })
    await tx.insert(teamMembers).values({ teamId, agentId: id })
    for (const inbox of inboxes) await tx.insert(teamInboxes).values({ teamId, inboxId: inbox.id })
    const { token } = await createToken(tx, { agentId: id, name: 'test', kind: 'token', lifeMs: 365 * DAY })
    return { id, token, teamId }
  })
}

async function call(
  app: App,
  adminToken: string,
  method: string,
  url: string,
  body?: unknown,
  { token = adminToken, headers = {} }: { token?: string | null; headers?: Record<string, string> } = {},
): Promise<Response> {
  const raw = Buffer.isBuffer(body)
  const response = await app.http.app.inject({
    payloadAsStream: true,
    method: method as 'GET',
    url,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && {
      payload: raw || typeof body === 'string' ? (body as Buffer) : JSON.stringify(body),
    }),
  })
  const type = String(response.headers['content-type'] ?? '')
  const stream = response.stream()
  // Live updates have no end: their status and headers have to do.
  if (type.startsWith('text/event-stream')) stream.destroy()
  const received = stream.destroyed ? '' : await text(stream)
  return {
    status: response.statusCode,
    body: /json/.test(type) && received !== '' ? JSON.parse(received) : received,
    headers: response.headers,
  }
}
