// The tables of a plugin over its life: made, upgraded, compared with its definition, dropped; on both databases.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { definePlugin, type Kit, type Plugin } from '../../src/plugin/index.js'
import { recordInstalled, uninstall } from '../../src/plugin/lifecycle.js'
import { migratePlugin } from '../../src/plugin/tables.js'
import { eachDatabase, testApp } from '../../src/testing/index.js'
import { folder } from '../support/databases.js'

/** The plugin at a version: one migration file for each statement. */
function roomsAt(
  t: Test,
  version: string,
  statements: readonly string[],
  tables: (c: Kit) => object,
): Plugin {
  const dir = folder(t)
  for (const dialect of ['sqlite', 'postgres']) {
    mkdirSync(path.join(dir, dialect), { recursive: true })
    statements.forEach((statement, index) => {
      writeFileSync(path.join(dir, dialect, `000${index + 1}_step.sql`), `${statement}\n`)
    })
  }
  const definition = {
    name: 'rooms',
    version,
    api: '^1.0.0',
    migrations: pathToFileURL(`${dir}/`),
    tables,
    setup() {},
  }
  return definePlugin(definition as never)
}

const CREATE = 'CREATE TABLE "rooms_rooms" ("id" text PRIMARY KEY NOT NULL, "name" text NOT NULL)'
const ADD = 'ALTER TABLE "rooms_rooms" ADD COLUMN "floor" text'
const first = (c: Kit) => ({
  rooms: c.table('rooms', { id: c.text().primaryKey(), name: c.text().notNull() }),
})
const second = (c: Kit) => ({
  rooms: c.table('rooms', { id: c.text().primaryKey(), name: c.text().notNull(), floor: c.text() }),
})

t.test(
  'an upgrade runs the new migrations and keeps the rows; doctor sees drift; uninstall takes all away',
  async (t) => {
    await eachDatabase(t, async (t, database) => {
      const app = await testApp(t as Test, {
        database,
        plugins: [roomsAt(t as Test, '1.0.0', [CREATE], first)],
      })
      const { db } = app
      await db.transaction((tx) => tx.exec(sql`insert into rooms_rooms (id, name) values ('a', 'Blue room')`))
      const next = roomsAt(t as Test, '1.1.0', [CREATE, ADD], second)
      t.same(await migratePlugin(db, next), ['0002_step'])
      await db.transaction((tx) => recordInstalled(tx, next, []))
      t.same(await db.rows(sql`select id, name, floor from rooms_rooms`), [
        { id: 'a', name: 'Blue room', floor: null },
      ])
      const { body } = await app.call('GET', '/api/plugins/rooms/doctor')
      t.match(
        JSON.stringify(body),
        /rooms_rooms\.floor is in no table of the plugin/,
        'the one that runs is older',
      )
      await t.rejects(migratePlugin(db, roomsAt(t as Test, '1.0.0', [CREATE], first)), {
        code: 'plugin_migration',
      })
      const changed = roomsAt(t as Test, '1.2.0', [`${CREATE} `.replace('"name"', '"title"'), ADD], second)
      await t.rejects(
        migratePlugin(db, changed),
        { code: 'plugin_migration' },
        'a released file stays as it is',
      )
      t.same(await uninstall(db, 'rooms', []), ['rooms_rooms'])
      const left = await db.rows<{ count: number }>(
        sql`select count(*) as count from schema_migrations where scope = 'plugin:rooms'`,
      )
      t.equal(Number(left[0]!.count), 0)
      await t.rejects(db.rows(sql`select * from rooms_rooms`))
      t.same(await migratePlugin(db, next), ['0001_step', '0002_step'], 'and it can come again')
    })
  },
)

t.test('uninstalling one leaves the tables of another whose name begins the same', async (t) => {
  const app = await testApp(t, { plugins: [roomsAt(t, '1.0.0', [CREATE], first)] })
  await app.db.transaction(async (tx) => {
    await tx
      .insert(tx.t.plugins)
      .values({ name: 'rooms-x', version: '1.0.0', tables: [], installedAt: tx.now })
    await tx.insert(tx.t.settings).values({ key: 'rooms.a', value: 1, updatedAt: tx.now })
  })
  await uninstall(app.db, 'rooms-x', ['rooms'])
  t.same(await app.db.rows(sql`select name from rooms_rooms`), [])
  const keys = (await app.db.select().from(app.db.t.settings)).map(({ key }) => key)
  t.ok(keys.includes('rooms.a'))
})

t.test('tables that would have the same name are refused before any of them is made', async (t) => {
  const one = (name: string, table: string) =>
    definePlugin({
      ...{ name, version: '1.0.0', api: '^1.1.0' },
      tables: (c) => ({ it: c.table(table, { id: c.text().primaryKey() }) }),
      // Never read: it is refused before.
      migrations: new URL('./nowhere/', import.meta.url),
      setup() {},
    })
  const refused = (message: RegExp, ...plugins: Plugin[]) =>
    t.rejects(testApp(t, { plugins }), { code: 'plugin_tables', message })
  await refused(
    /"sla-x".*sla_x_rules.*of the plugin "sla"/,
    one('sla', 'x_rules') as Plugin,
    one('sla-x', 'rules') as Plugin,
  )
  await refused(/ticket_fields.*the core/, one('ticket', 'fields') as Plugin)
})
