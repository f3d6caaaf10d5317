// What the pool of node-postgres sends and bounds, seen from the server.
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { newId, systemClock } from '../../src/clock.js'
import { openPool } from '../../src/db/postgres-pool.js'
import { take } from '../../src/people/limits.js'
import { ticketById } from '../../src/tickets/create.js'
import { allInboxes, createInbox } from '../../src/tickets/inboxes.js'
import { times } from '../support/databases.js'
import { openAt, schema, WITHOUT_SERVER } from '../support/postgres.js'

const test = (name: string, body: (t: Test) => Promise<void>) => t.test(name, { skip: WITHOUT_SERVER }, body)

test('hot queries are prepared once for each connection, under one name', async (t) => {
  const db = await openAt(t, await schema(t), { size: 2 })
  for (let round = 0; round < 20; round++)
    await Promise.all(
      times(2, () => db.transaction(async (tx) => [await allInboxes(tx), await ticketById(tx, 'x')])),
    )
  const prepared = await db.transaction((tx) =>
    tx.rows<{ name: string; uses: number }>(
      sql`select name, generic_plans + custom_plans as uses from pg_prepared_statements where statement like '%inboxes%' or statement like '%tickets%'`,
    ),
  )
  t.equal(prepared.length, 2)
  t.ok(prepared.every(({ name, uses }) => name.startsWith('fd_') && uses >= 15))
})

test('queries of one transaction that are begun at once run one after the other', async (t) => {
  const db = await openAt(t, await schema(t))
  const warnings: string[] = []
  const warned = (warning: Error) => warnings.push(warning.message)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  const found = await db.transaction((tx) => Promise.all(times(5, () => allInboxes(tx))))
  t.equal(found.length, 5)
  const failing = db.transaction((tx) =>
    Promise.all([
      tx.exec(sql`select 1 / 0`),
      ...times(3, () => createInbox(tx, { address: `${newId()}@desk.example` })),
    ]),
  )
  await t.rejects(failing, /division by zero/)
  t.same(await allInboxes(db), [], 'nothing of it was run after the end')
  t.same(warnings, [])
})

test('a query that failed and was caught does not make a commit of what was rolled back', async (t) => {
  const db = await openAt(t, await schema(t))
  const work = db.transaction(async (tx) => {
    await createInbox(tx, { address: 'one@desk.example' })
    await tx.exec(sql`select 1 / 0`).catch(() => {})
  })
  await t.rejects(work, /was rolled back/)
  t.same(await db.select().from(db.t.inboxes), [])
})

test('numbers, instants and JSON come back as they were, outside and inside, prepared or not', async (t) => {
  const url = new URL(await schema(t))
  url.searchParams.set('options', `${url.searchParams.get('options')} -c TimeZone=Asia/Kathmandu`)
  const db = await openAt(t, url.href)
  await db.transaction((tx) => take(tx, 'x', { most: 3, perMs: 1000 }))
  const options = { fromName: 'O\'Hara \\ "quoted"', undoSeconds: 3 }
  const made = await db.transaction((tx) => createInbox(tx, { address: 'one@desk.example', options }))
  for (const inbox of [(await allInboxes(db))[0], (await db.select().from(db.t.inboxes))[0]])
    t.same(inbox, made)
  const [counted] = await db.rows<{ count: number }>(sql`select count(*) as count from ${db.t.inboxes}`)
  t.equal(counted!.count, 1)
  const [row] = await db.select().from(db.t.limits)
  t.equal(row!.left, 2)
})

test('the check tells how the pool is used, and of a clock that is wrong', async (t) => {
  const url = await schema(t)
  const db = await openAt(t, url)
  t.match(await db.check(), { ok: true, detail: /^answers; \d+ of 10 connections in use, 0 wait for one$/ })
  const late = openPool({ url, clock: { now: () => new Date(systemClock.now().getTime() - 5000) } })
  t.teardown(() => late.close())
  t.match(await late.check(), { ok: false, detail: /clock is 5\d\d\d ms ahead/ })
})

test('who waits too long for others is told that the database is busy', async (t) => {
  const url = new URL(await schema(t))
  url.searchParams.set('lock_timeout', '200')
  const db = await openAt(t, url.href)
  let done!: () => void
  const waiting = new Promise<void>((resolve) => {
    done = resolve
  })
  const id = newId()
  const holder = db.transaction(async (tx) => {
    await tx.lock(id)
    await waiting
  })
  await t.rejects(
    db.transaction((tx) => tx.lock(id)),
    { code: 'database_busy' },
  )
  done()
  await holder
})
