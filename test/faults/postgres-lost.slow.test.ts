// The connection to PostgreSQL is lost: in the middle of a transaction, while nobody uses it, and in COMMIT, where
// nobody can tell whether it was carried out. Each kind of caller must find out by itself, and nothing is done twice.
import { eq, sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import type { App } from '../../src/app/app.js'
import { DAY, newId } from '../../src/clock.js'
import { receive } from '../../src/intake/receive.js'
import { schedule } from '../../src/jobs/schedule.js'
import { defineJob } from '../../src/jobs/types.js'
import { createToken } from '../../src/people/tokens.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { createTicketFilter } from '../../src/tickets/tokens.js'
import { folder, pause, until } from '../support/databases.js'
import { mail } from '../support/mails.js'
import { deskAt, openAt, schema, WITHOUT_SERVER } from '../support/postgres.js'
import { type CutProxy, proxyTo } from '../support/proxy.js'

const test = (name: string, body: (t: Test) => Promise<void>) => t.test(name, { skip: WITHOUT_SERVER }, body)
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )

async function behindProxy(t: Test): Promise<{ app: App; proxy: CutProxy; token: string }> {
  const proxy = await proxyTo(t, await schema(t))
  const app = await deskAt(t, proxy.url, folder(t))
  const token = await app.db.transaction(async (tx) => {
    await createInbox(tx, { address: 'support@desk.example' })
    const { agents, roles } = tx.t
    const [role] = await tx.select().from(roles).where(eq(roles.name, 'admin'))
    const id = newId()
    const agent = { id, name: 'Admin', email: 'a@desk.example', roleId: role!.id, passwordHash: null }
    await tx.insert(agents).values({ ...agent, active: true, createdAt: tx.now })
    return (await createToken(tx, { agentId: id, name: 'test', kind: 'token', lifeMs: DAY })).token
  })
  return { app, proxy, token }
}

const post = ({ http }: App, token: string, url: string, payload: object, key?: string) =>
  http.app.inject({
    method: 'POST',
    url,
    payload,
    headers: { authorization: `Bearer ${token}`, ...(key !== undefined && { 'idempotency-key': key }) },
  })

test('a connection that ends in the middle of a transaction: nothing is stored, and the next one works', async (t) => {
  const url = await schema(t)
  const [db, killer] = [await openAt(t, url), await openAt(t, url)]
  const failing = db.transaction(async (tx) => {
    await createInbox(tx, { address: 'one@desk.example' })
    const [row] = await tx.rows<{ pid: number }>(sql`select pg_backend_pid() as pid`)
    await killer.rows(sql`select pg_terminate_backend(${row!.pid})`)
    await createInbox(tx, { address: 'two@desk.example' })
  })
  t.equal(await codeOf(failing), 'database_unavailable')
  t.same(await db.select().from(db.t.inboxes), [])
  t.equal(await codeOf(db.transaction((tx) => createInbox(tx, { address: 'one@desk.example' }))), 'done')
})

test('connections that end while nobody uses them are replaced', async (t) => {
  const url = await schema(t)
  const [db, killer] = [await openAt(t, url, { size: 4 }), await openAt(t, url)]
  for (let round = 0; round < 5; round++) {
    const pids = await Promise.all(
      [1, 2, 3, 4].map(() =>
        db.transaction((tx) => tx.rows<{ pid: number }>(sql`select pg_backend_pid() as pid`)),
      ),
    )
    for (const [row] of pids) await killer.rows(sql`select pg_terminate_backend(${row!.pid})`)
    // At once: some of them do not know it yet.
    const ends = await Promise.all(
      [1, 2, 3, 4].map(() => codeOf(db.transaction(async (tx) => tx.announce('people')))),
    )
    t.same([...new Set(ends)], ['done'])
  }
})

test('an error that is not of the database stays what it is', async (t) => {
  const db = await openAt(t, await schema(t))
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  const failing = db.transaction(async (tx) => {
    await createInbox(tx, { address: 'one@desk.example' })
    throw missing
  })
  t.equal(await failing.catch((error: unknown) => error), missing)
  t.same(await db.select().from(db.t.inboxes), [])
})

for (const cut of ['before', 'after'] as const) {
  const stored = cut === 'after'

  test(`cut ${cut} COMMIT: the error says that the outcome is unknown, and a retry of the request settles it`, async (t) => {
    const { app, proxy, token } = await behindProxy(t)
    const { inboxes } = app.db.t
    const body = { address: 'other@desk.example' }
    proxy.cut = cut
    const first = await post(app, token, '/api/inboxes', body, 'one')
    t.match(first.json(), { status: 503, code: 'outcome_unknown' })
    t.ok(first.headers['retry-after'])
    t.equal(proxy.cuts, 1)
    const there = () => app.db.select().from(inboxes).where(eq(inboxes.address, body.address))
    t.equal((await there()).length, stored ? 1 : 0)
    const again = await post(app, token, '/api/inboxes', body, 'one')
    t.equal(again.statusCode, 201, 'the answer of the first try, or the first answer')
    t.equal((await there())[0]?.id, again.json().id)
  })

  test(`cut ${cut} COMMIT: a mail that is given again is there once`, async (t) => {
    const { app, proxy } = await behindProxy(t)
    const raw = Buffer.from(mail())
    const give = () =>
      receive(app.intakeDeps, [
        { raw, address: 'support@desk.example', channel: 'email', receivedAt: app.clock.now() },
      ])
    proxy.cut = cut
    t.equal(await codeOf(give()), 'outcome_unknown')
    t.match(await give(), [{ again: stored }])
    await app.engine.runDue()
    const rows = await app.db.select().from(app.db.t.intakes)
    t.match(rows, [{ state: 'opened' }])
    t.equal(rows.length, 1)
  })

  test(`cut ${cut} COMMIT: a job whose end was cut off has its effect once`, async (t) => {
    const { app, proxy } = await behindProxy(t)
    const { db } = app
    const type = defineJob<object>('test.effect', { backoff: () => 20 })
    let runs = 0
    app.handlers.add({
      type,
      async run(job) {
        runs++
        // When the engine has looked for more, whose COMMIT is not meant.
        await pause(200)
        if (runs === 1) proxy.cut = cut
        await db.transaction(async (tx) => {
          await tx.insert(tx.t.teams).values({ id: newId(), name: `run ${runs}` })
          await job.complete(tx)
        })
      },
    })
    await app.start()
    await db.transaction((tx) => schedule(tx, type, {}))
    const left = () => db.select().from(db.t.jobs).where(eq(db.t.jobs.name, type.name))
    t.ok(await until(async () => runs >= 1 && (await left()).length === 0, 30_000))
    t.equal(proxy.cuts, 1)
    t.equal((await db.select().from(db.t.teams)).length, 1)
    t.equal(runs, stored ? 1 : 2)
  })

  test(`cut ${cut} COMMIT: a mail whose storing was cut off becomes one ticket`, async (t) => {
    const { app, proxy } = await behindProxy(t)
    await receive(app.intakeDeps, [
      {
        raw: Buffer.from(mail()),
        address: 'support@desk.example',
        channel: 'email',
        receivedAt: app.clock.now(),
      },
    ])
    app.desk.hooks.filter(createTicketFilter, 'cut', () => {
      if (proxy.cuts === 0) proxy.cut = cut
    })
    await app.engine.runDue()
    const { jobs, tickets } = app.db.t
    // What failed waits for its next try: now is as good as later.
    await app.db.transaction((tx) => tx.update(jobs).set({ runAt: tx.now }).where(eq(jobs.name, 'intake')))
    await app.engine.runDue()
    t.equal(proxy.cuts, 1)
    t.equal((await app.db.select().from(tickets)).length, 1)
    t.match(await app.db.select().from(app.db.t.intakes), [{ state: 'opened' }])
  })
}
