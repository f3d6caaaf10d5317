// The migration runner, and that the committed migrations make what the tables declare.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { generateDrizzleJson, generateSQLiteDrizzleJson } from 'drizzle-kit/api'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { systemClock } from '../../src/clock.js'
import { postgresKit, sqliteKit } from '../../src/db/kit.js'
import { type Migration, migrate, readMigrations } from '../../src/db/migrate.js'
import { openSqlite } from '../../src/db/sqlite.js'
import { coreTables } from '../../src/db/tables/index.js'
import { closePglite } from '../../src/testing/index.js'
import { DATABASES, folder, openManual, times } from '../support/databases.js'
import { NODE, nodeArgs } from '../support/node.js'
import { actual, declared } from '../support/schema.js'

const one: Migration = { name: '0001_a', sql: 'create table a (x integer)' }
const two: Migration = {
  name: '0002_b',
  sql: 'create table b (x integer)\n--> statement-breakpoint\ninsert into b values (2)',
}
const three: Migration = { name: '0003_c', sql: 'insert into b values (3)' }
const broken: Migration = {
  name: '0003_broken',
  sql: 'insert into a values (1);\n--> statement-breakpoint\ncreate table c (x integer);\n--> statement-breakpoint\ninsert into nowhere values (1)',
}
const script = path.join(import.meta.dirname, '../support/migrate-child.js')

t.teardown(closePglite)
for (const name of DATABASES)
  t.test(name, async (t) => {
    const { db } = await openManual(t, name)
    const scope = 'test'
    const has = async (table: string) =>
      db.rows(sql`select * from ${sql.raw(table)}`).then(
        () => true,
        () => false,
      )
    const done = async () =>
      (
        await db.rows<{ name: string }>(
          sql`select name from schema_migrations where scope = ${scope} order by name`,
        )
      ).map((row) => row.name)
    t.afterEach(() =>
      db.transaction(async (tx) => {
        for (const table of ['a', 'b', 'c']) await tx.exec(sql.raw(`drop table if exists ${table}`))
        await tx.exec(sql`delete from schema_migrations where scope = ${scope}`)
      }),
    )

    t.test('each is run once, in the order of the list', async (t) => {
      t.same(await migrate(db, scope, [one]), ['0001_a'])
      t.same(await migrate(db, scope, [one, two, three]), ['0002_b', '0003_c'])
      t.same(await migrate(db, scope, [one, two, three]), [])
      t.same(
        (await db.rows<{ x: number }>(sql`select x from b order by x`)).map(({ x }) => Number(x)),
        [2, 3],
      )
      t.same(await done(), ['0001_a', '0002_b', '0003_c'])
    })

    t.test('scopes do not know each other', async (t) => {
      await migrate(db, scope, [one])
      t.same(await migrate(db, 'other', [{ ...two, name: one.name }]), ['0001_a'])
      await db.transaction((tx) => tx.exec(sql`delete from schema_migrations where scope = 'other'`))
    })

    t.test(
      'a file that was changed after it had been run is refused; other line ends are no change',
      async (t) => {
        await migrate(db, scope, [one, two])
        t.same(await migrate(db, scope, [one, { ...two, sql: two.sql.replaceAll('\n', '\r\n') }]), [])
        await t.rejects(migrate(db, scope, [{ ...one, sql: `${one.sql} ` }, two, three]), {
          name: 'MigrationError',
          message: /test\/0001_a was changed/,
        })
        t.same(await done(), ['0001_a', '0002_b'], 'and nothing else was run')
      },
    )

    t.test('a database of a newer version is refused, saying what to do', async (t) => {
      await migrate(db, scope, [one, two])
      await t.rejects(migrate(db, scope, [one]), {
        name: 'MigrationError',
        message: /newer version \(test\/0002_b is unknown here\): install that version/,
      })
    })

    t.test('one that was merged late is run, not skipped', async (t) => {
      await migrate(db, scope, [two])
      t.same(await migrate(db, scope, [one, two]), ['0001_a'])
      t.ok(await has('a'))
    })

    t.test('one that fails leaves nothing of the whole run', async (t) => {
      await migrate(db, scope, [one])
      await t.rejects(migrate(db, scope, [one, two, broken]), /nowhere/)
      t.same(await done(), ['0001_a'])
      t.notOk(await has('b'))
      t.notOk(await has('c'))
      t.same(await db.rows(sql`select * from a`), [])
      t.same(await migrate(db, scope, [one, two]), ['0002_b'])
    })

    t.test('two at the same time run it once', async (t) => {
      const runs = await Promise.all(times(4, () => migrate(db, scope, [one, two])))
      t.same(runs.flat(), ['0001_a', '0002_b'])
    })

    t.test('the migrated database has the columns and indexes of the tables, and no others', async (t) => {
      t.same(await actual(db), declared(name))
    })
  })

t.test('the snapshots that the next migration starts from are those of the tables', async (t) => {
  const snapshot = (dialect: string) =>
    JSON.parse(readFileSync(path.join(ROOT, 'migrations', dialect, 'snapshot.json'), 'utf8'))
  const plain = (json: object) => JSON.parse(JSON.stringify({ ...json, id: 0, prevId: 0 }))
  t.same(
    plain(snapshot('sqlite')),
    plain(await generateSQLiteDrizzleJson(coreTables(sqliteKit()), undefined, 'snake_case')),
    'npm run make:migration',
  )
  t.same(
    plain(snapshot('postgres')),
    plain(generateDrizzleJson(coreTables(postgresKit()), undefined, undefined, 'snake_case')),
    'npm run make:migration',
  )
})

t.test('both databases have the same migrations', async (t) => {
  const names = (dialect: string) =>
    readMigrations(path.join(ROOT, 'migrations'), dialect).map(({ name }) => name)
  t.same(names('sqlite'), names('postgres'))
  t.ok(names('sqlite').length > 0)
})

t.test('every table of SQLite is strict', async (t) => {
  const { db } = await openManual(t, 'sqlite')
  const tables = await db.rows<{ name: string; strict: number }>(
    sql`select name, strict from pragma_table_list where type = 'table' and name not like 'sqlite_%'`,
  )
  t.same(
    tables.filter(({ strict }) => !strict).map(({ name }) => name),
    ['schema_migrations'],
  )
})

t.test('several processes that start on a new database at once all find it ready', async (t) => {
  const file = path.join(folder(t), 'new.db')
  const runs = await Promise.all(times(4, () => inChild(file, [one, two, three])))
  t.same(
    runs.map(({ problem }) => problem),
    times(4, () => ''),
  )
  t.same(runs.flatMap(({ done }) => done).sort(), ['0001_a', '0002_b', '0003_c'])
})

t.test('a process that starts while another holds the whole file waits for it', async (t) => {
  const file = path.join(folder(t), 'held.db')
  const holder = new SqliteDriver(file)
  t.teardown(() => holder.close())
  holder.exec('begin exclusive; create table other (x)')
  const child = await inChild(file, [one], () => setTimeout(() => holder.exec('commit'), 150))
  t.match(child, { problem: '', done: ['0001_a'] })
})

t.test('kill -9 inside a migration leaves the old schema, and the next start runs it', async (t) => {
  const file = path.join(folder(t), 'killed.db')
  t.same((await inChild(file, [one])).done, ['0001_a'])
  const deadly = { name: '0003_c', sql: 'insert into b values (die())' }
  t.equal((await inChild(file, [one, two, deadly])).signal, 'SIGKILL')
  const db = openSqlite({ file, clock: systemClock })
  t.teardown(() => db.close())
  t.same(await db.rows(sql`select name from sqlite_schema where name in ('a', 'b')`), [{ name: 'a' }])
  t.same(await db.rows(sql`pragma integrity_check`), [{ integrity_check: 'ok' }])
  t.same(await migrate(db, 'test', [one, two, three]), ['0002_b', '0003_c'])
})

/** @param opening called when it is about to open the file. */
async function inChild(file: string, migrations: Migration[], opening = () => {}) {
  const child = spawn(NODE, nodeArgs(script, file, JSON.stringify(migrations)))
  let out = ''
  let problem = ''
  child.stdout.on('data', (chunk) => {
    if (out === '') opening()
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    problem += chunk
  })
  const [, signal] = (await once(child, 'close')) as [number, string | null]
  return { done: JSON.parse(out.split('\n')[1] || '[]') as string[], problem, signal }
}
