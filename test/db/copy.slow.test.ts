// A desk that is copied from SQLite to PostgreSQL and back: nothing is lost, changed or doubled, and what is wrong in a
// copy is found.
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { eq, getTableName, sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import acknowledge from '../../plugins/acknowledge/index.js'
import webhooks from '../../plugins/webhooks/index.js'
import { compareDesks, copyDesk } from '../../src/app/copy.js'
import { prepare } from '../../src/app/database.js'
import { systemClock } from '../../src/clock.js'
import { openSqlite } from '../../src/db/sqlite.js'
import { tablesThere } from '../../src/db/there.js'
import type { Db } from '../../src/db/types.js'
import type { Plugin } from '../../src/plugin/define.js'
import { recordInstalled } from '../../src/plugin/lifecycle.js'
import { buildTables, migratePlugin } from '../../src/plugin/tables.js'
import { closePglite, openTestDatabase } from '../../src/testing/databases.js'
import { fillTable } from '../support/awkward.js'
import { folder } from '../support/databases.js'

const plugins = [acknowledge, webhooks] as unknown as Plugin[]
const ROWS = 24
const quiet = () => {}

t.teardown(closePglite)

/** A desk on SQLite with rows in every table. */
async function filledDesk(t: Test, rows = ROWS): Promise<{ db: Db; file: string }> {
  const file = path.join(folder(t), 'frontdesk.db')
  const db = await prepare(openSqlite({ file, clock: systemClock }))
  t.teardown(() => db.close())
  for (const plugin of plugins) await migratePlugin(db, plugin)
  await db.transaction(async (tx) => {
    for (const plugin of plugins) await recordInstalled(tx, plugin, [])
    const { plugins: _, jobs, timeline, ...core } = tx.t
    await fillTable(tx, timeline, rows, () => ({ txid: 0 }))
    for (const table of Object.values(core)) await fillTable(tx, table, rows)
    const states = ['waiting', 'parked', 'dead', 'running']
    await fillTable(tx, jobs, rows, (row) => ({ state: states[row % 4], attempts: row % 3 }))
    for (const plugin of plugins)
      for (const table of Object.values(buildTables(plugin, 'sqlite')))
        await fillTable(tx, table as never, rows)
    // The highest numbers are given back, and must not be given again.
    await tx.exec(sql`delete from tickets where number = (select max(number) from tickets)`)
  })
  return { db, file }
}

const emptySqlite = (t: Test): { db: Db; file: string } => {
  const file = path.join(folder(t), 'frontdesk.db')
  const db = openSqlite({ file, clock: systemClock })
  t.teardown(() => db.close())
  return { db, file }
}

async function emptyPostgres(t: Test): Promise<Db> {
  const db = await openTestDatabase('postgres', '', systemClock)
  t.teardown(() => db.close())
  await db.transaction(async (tx) => {
    for (const name of await tablesThere(tx)) await tx.exec(sql`drop table ${sql.identifier(name)} cascade`)
  })
  return db
}

/** What SQLite itself has, in an order that does not depend on the rows; only of JSON the order of names is free. */
function dump(file: string): Record<string, string[]> {
  const db = new SqliteDriver(file, { readonly: true })
  db.defaultSafeIntegers(true)
  const names = db
    .prepare<[], string>("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")
    .pluck()
    .all()
  const tables = names
    .filter((name) => name !== 'schema_migrations')
    .map((name) => {
      const rows = db.prepare(`select * from "${name}"`).raw().all() as unknown[][]
      return [name, rows.map((row) => JSON.stringify(row.map(plain))).sort()] as const
    })
  db.close()
  return Object.fromEntries(tables)
}

const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value
  try {
    return sorted(JSON.parse(value))
  } catch {
    return value
  }
}
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([name, inner]) => [name, sorted(inner)])
          .sort()
      : value

t.test('SQLite, PostgreSQL, SQLite: the third has what the first had', async (t) => {
  const first = await filledDesk(t)
  const middle = await emptyPostgres(t)
  const third = emptySqlite(t)
  const there = await copyDesk({ from: first.db, to: middle, plugins, tell: quiet })
  t.same(
    there.tables.filter(({ same }) => !same).map(({ name }) => name),
    [],
  )
  const empty = there.tables.filter(({ to }) => to.rows === 0).map(({ name }) => name)
  t.same(empty, [], 'every table was filled')
  t.ok((await copyDesk({ from: middle, to: third.db, plugins, tell: quiet })).same)

  const before = dump(first.file)
  const after = dump(third.file)
  const { jobs: jobsBefore, ...restBefore } = before
  const { jobs: jobsAfter, ...restAfter } = after
  for (const [name, rows] of Object.entries(restBefore)) t.same(restAfter[name], rows, name)
  t.same(Object.keys(after).sort(), Object.keys(before).sort())
  const kept = (rows: string[]) => rows.filter((row) => /"(parked|dead)"/.test(row))
  t.same(kept(jobsAfter!), kept(jobsBefore!), 'jobs that do not run are as they were')
  const { jobs } = third.db.t
  const rows = await third.db.select().from(jobs)
  t.equal(rows.length, ROWS)
  t.notOk(
    rows.some(({ state }) => state === 'running'),
    'a job that ran waits again',
  )

  for (const db of [first.db, middle, third.db])
    await db.transaction(async (tx) => {
      const { tickets } = tx.t
      const [old] = await tx.select().from(tickets).limit(1)
      const { number: _, ...row } = { ...old!, id: 'a new one' }
      const [made] = await tx.insert(tickets).values(row).returning({ number: tickets.number })
      t.equal(made!.number, (ROWS - 1) * 3 + 2, `${db.dialect.name} counts on behind the highest number ever`)
    })
  const migrations = async (db: Db) =>
    (
      await db.rows<{ scope: string; name: string }>(
        sql`select scope, name from schema_migrations order by scope, name`,
      )
    ).map(({ scope, name }) => `${scope}/${name}`)
  await middle.transaction((tx) => tx.exec(sql`update timeline set txid = 9000000000 where seq = 1`))
  const fourth = emptySqlite(t)
  t.ok((await copyDesk({ from: middle, to: fourth.db, plugins, tell: quiet })).same)
  t.same(dump(fourth.file).timeline, before.timeline, 'numbers of transactions are not taken along')
  t.same(await migrations(third.db), await migrations(first.db))
  t.same(await migrations(middle), await migrations(first.db))
})

t.test('a copy that was stopped goes on; what was changed meanwhile in the target is found', async (t) => {
  const { db: from } = await filledDesk(t, 20)
  const { db: to } = emptySqlite(t)
  const stopAt = (name: string) => (line: string) => {
    if (line.startsWith(`${name}:`)) throw new Error('stopped')
  }
  for (const name of ['contacts', 'tickets', 'webhooks_deliveries'])
    await t.rejects(copyDesk({ from, to, plugins, tell: stopAt(name) }), { message: 'stopped' })
  await t.rejects(prepare(to), { message: /did not come to its end/ }, 'no desk works on half of it')
  const lines: string[] = []
  const { same } = await copyDesk({ from, to, plugins, tell: (line) => void lines.push(line) })
  t.ok(same)
  t.match(lines, ['goes on with the copy that was begun before', 'contacts: 0 rows copied'])
  await prepare(to)

  const differing = async () =>
    (await compareDesks({ from, to, plugins })).tables.filter(({ same }) => !same).map(({ name }) => name)
  t.same(await differing(), [])
  const { messages, timeline } = to.t
  const [message] = await to.select().from(messages).limit(1)
  const set = (text: string) =>
    to.transaction(async (tx) => {
      await tx.update(messages).set({ text }).where(eq(messages.id, message!.id))
    })
  await set(`${message!.text} `)
  t.same(await differing(), ['messages'], 'one character')
  await set(message!.text)
  t.same(await differing(), [])
  await to.transaction(async (tx) => {
    await tx.exec(sql`delete from timeline where seq = 1`)
    await tx.exec(sql`update timeline set seq = 1 where seq = 4`)
    await tx.exec(sql`insert into timeline (seq, ticket_id, at, type, actor_kind, data)
      values (4, 'other', 0, 'other', 'agent', '{}')`)
  })
  t.same(await differing(), [getTableName(timeline)], 'another row in the place of one')
})

t.test(
  'a wrong row in the target of an unfinished copy ends it as wrong, and no desk starts on it',
  async (t) => {
    const { db: from } = await filledDesk(t, 3)
    const { db: to } = emptySqlite(t)
    const tell = (line: string) => {
      if (line.startsWith('tickets:')) throw new Error('stopped')
    }
    await t.rejects(copyDesk({ from, to, plugins, tell }))
    await to.transaction((tx) =>
      tx.exec(sql`update contacts set version = version + 1 where id = (select min(id) from contacts)`),
    )
    const { same, tables } = await copyDesk({ from, to, plugins, tell: quiet })
    t.equal(same, false)
    t.same(
      tables.filter((table) => !table.same).map(({ name }) => name),
      ['contacts'],
    )
    await t.rejects(prepare(to), { message: /did not come to its end/ })
  },
)

t.test('what cannot be copied is refused, and nothing is overwritten', async (t) => {
  const { db: from } = await filledDesk(t, 2)
  const other = await filledDesk(t, 2)
  await t.rejects(copyDesk({ from, to: other.db, plugins, tell: quiet }), { message: /not empty/ })
  const { db: to } = emptySqlite(t)
  await t.rejects(copyDesk({ from, to, plugins: [plugins[0]!], tell: quiet }), {
    message: /"webhooks" owns tables \(webhooks_endpoints, webhooks_deliveries\) but is not on/,
  })
  t.same([...(await tablesThere(to))], [], 'the target was not touched')
  const half = (line: string) => {
    if (line.startsWith('contacts:')) throw new Error('stopped')
  }
  await t.rejects(copyDesk({ from, to, plugins, tell: half }), { message: 'stopped' })
  await t.rejects(copyDesk({ from: other.db, to, plugins, tell: quiet }), { message: /of another desk/ })
})

t.test('characters that PostgreSQL cannot store are replaced, and told of', async (t) => {
  const { db: from } = await filledDesk(t, 2)
  await from.transaction((tx) =>
    tx.exec(
      sql`update tickets set subject = 'a' || char(0) || 'b', tags = '["half \\ud800"]' where number = 1`,
    ),
  )
  const to = await emptyPostgres(t)
  const lines: string[] = []
  const { same } = await copyDesk({ from, to, plugins, tell: (line) => void lines.push(line) })
  t.ok(same)
  t.match(
    lines.find((line) => line.startsWith('note')),
    /1 rows of tickets/,
  )
  const [row] = await to.select().from(to.t.tickets).where(eq(to.t.tickets.number, 1))
  t.match(row, { subject: 'a\ufffdb', tags: ['half \ufffd'] })
})
