// A real PostgreSQL that is restarted under a desk, and eight desks that start at once on an empty database.
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { ROOT } from '../../src/app/root.js'
import { DAY, newId } from '../../src/clock.js'
import { createToken } from '../../src/people/tokens.js'
import { folder, pause, times, until } from '../support/databases.js'
import { NODE, nodeArgs } from '../support/node.js'
import { ownServer, programs } from '../support/pg-own.js'
import { deskAt, openAt, schema, WITHOUT_SERVER } from '../support/postgres.js'

const bin = path.join(ROOT, 'bin', 'frontdesk')

async function startDesk(
  t: Test,
  env: NodeJS.ProcessEnv,
): Promise<{ ended: Promise<void>; server: ChildProcess }> {
  const server = spawn(NODE, nodeArgs(bin, 'serve'), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => server.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  let output = ''
  const up = await new Promise<boolean>((resolve) => {
    for (const stream of [server.stdout, server.stderr])
      stream.on('data', (chunk) => {
        output += chunk
        if (output.includes('listens on')) resolve(true)
      })
    server.once('exit', () => resolve(false))
  })
  t.ok(up, up ? 'it listens' : output)
  return { server, ended }
}

t.test(
  'eight desks that start at once on an empty database set it up once',
  { skip: WITHOUT_SERVER },
  async (t) => {
    const url = await schema(t)
    const env = {
      ...{
        DATABASE_URL: url,
        DATABASE_POOL: '4',
        FRONTDESK_DATA: path.join(folder(t), 'data'),
        ROLES: 'web,worker',
      },
      ...{ PORT: '0', FRONTDESK_DEMO: 'off', LOG_LEVEL: 'error', FRONTDESK_PLUGINS: 'acknowledge,webhooks' },
    }
    const desks = await Promise.all(times(8, () => startDesk(t, env)))
    const db = await openAt(t, url)
    const { roles, jobs, plugins } = db.t
    const found = await db.select().from(roles)
    t.equal(new Set(found.map(({ name }) => name)).size, found.length)
    t.ok(found.find(({ name }) => name === 'admin')!.permissions.includes('webhooks:manage'))
    t.same((await db.select({ name: plugins.name }).from(plugins)).map(({ name }) => name).toSorted(), [
      'acknowledge',
      'webhooks',
    ])
    const recurring = await db.select({ name: jobs.name }).from(jobs).where(eq(jobs.key, 'recurring'))
    t.equal(new Set(recurring.map(({ name }) => name)).size, recurring.length)
    t.ok(recurring.some(({ name }) => name === 'housekeeping'))
    for (const { server } of desks) server.kill('SIGTERM')
    await Promise.all(desks.map(({ ended }) => ended))
  },
)

const missing = programs() === undefined ? 'the programs of a PostgreSQL server are not installed' : false

t.test(
  'a desk outlives a restart of PostgreSQL, and is back without a person',
  { skip: missing },
  async (t) => {
    const server = await ownServer(t)
    const app = await deskAt(t, server.url, folder(t), { ROLES: 'web,worker,intake', PORT: '0' })
    const address = await app.start()
    const token = await app.db.transaction(async (tx) => {
      const { agents, roles } = tx.t
      const [role] = await tx.select().from(roles).where(eq(roles.name, 'admin'))
      const id = newId()
      const agent = { id, name: 'Admin', email: 'a@desk.example', roleId: role!.id, passwordHash: null }
      await tx.insert(agents).values({ ...agent, active: true, createdAt: tx.now })
      return (await createToken(tx, { agentId: id, name: 'test', kind: 'token', lifeMs: DAY })).token
    })
    const call = async (method: string, url: string, body?: object) => {
      const answer = await fetch(`${address}${url}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      })
      return {
        status: answer.status,
        body: (await answer.json()) as { code?: string; checks?: object; id?: string },
      }
    }
    const make = (name: string) => call('POST', '/api/inboxes', { address: `${name}@desk.example`, name })
    t.equal((await make('before')).status, 201)

    // Requests go on all the time: none may hang, end the process, or be answered wrongly.
    const taken: string[] = []
    const refused = new Map<string, number>()
    let stop = false
    const asking = (async () => {
      for (let at = 0; !stop; at++) {
        const { status, body } = await make(`during${at}`)
        if (status === 201) taken.push(`during${at}@desk.example`)
        else refused.set(`${status} ${body.code}`, (refused.get(`${status} ${body.code}`) ?? 0) + 1)
        await pause(5)
      }
    })()
    await pause(300)
    server.stop()
    await pause(2000)
    const health = await call('GET', '/api/health/ready')
    t.equal(health.status, 503, 'it says that it is not fit to work')
    t.comment(JSON.stringify(health.body.checks))
    server.start()
    const began = performance.now()
    t.ok(await until(async () => (await make(`after${newId()}`)).status === 201, 60_000))
    t.comment(
      `back after ${Math.round(performance.now() - began)} ms; refused: ${JSON.stringify([...refused])}`,
    )
    stop = true
    await asking
    for (const answer of refused.keys())
      t.match(answer, /^503 (database_unavailable|database_busy|outcome_unknown)$/)
    const stored = (await app.db.select().from(app.db.t.inboxes)).map(({ address }) => address)
    t.same(
      taken.filter((address) => !stored.includes(address)),
      [],
      'what was answered with 201 is stored',
    )
    // Mail and jobs go on too.
    await app.spool.put(
      Buffer.from('From: ann@guest.example\r\nSubject: Hello\r\n\r\nHi\r\n'),
      'before@desk.example',
    )
    t.ok(await until(async () => (await app.db.select().from(app.db.t.tickets)).length === 1, 60_000))
    t.ok(await until(async () => (await call('GET', '/api/health/ready')).status === 200, 20_000))
  },
)
