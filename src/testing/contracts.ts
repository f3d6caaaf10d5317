// What every plugin and every channel must do, whatever else they do: suites that their own tests call.
import { getTableName, sql, type Table } from 'drizzle-orm'
import type { TAP, Test } from 'tap'
import type { Channel, Outgoing } from '../channels/channel.js'
import { checkDefinition, inOrder } from '../plugin/check.js'
import type { Plugin } from '../plugin/define.js'
import { uninstall } from '../plugin/lifecycle.js'
import { buildTables, drift } from '../plugin/tables.js'
import { testApp } from './app.js'
import { closePglite, type DatabaseName } from './databases.js'

/** The same test on SQLite (a file) and on PostgreSQL (PGlite, in this process). */
export async function eachDatabase(
  t: Test | TAP,
  body: (t: Test, database: DatabaseName) => Promise<void>,
): Promise<void> {
  closeAtEnd(t)
  for (const database of ['sqlite', 'postgres'] as const)
    await t.test(database, (inner) => body(inner, database))
}

let closes = false

/** At the end of the whole file: a start of PGlite costs more than most tests. */
function closeAtEnd(t: Test | TAP): void {
  if (closes) return
  closes = true
  let root = t as { parent?: unknown }
  while (root.parent) root = root.parent as typeof root
  ;(root as TAP).teardown(closePglite)
}

export interface PluginContractOptions {
  /** Plugins that it requires, and optional ones whose absence is tried. */
  others?: readonly Plugin[]
}

/**
 * The suite of a plugin: its definition is whole; it is installed once, started, switched off and on again without
 * loss; it works without the plugins that it only comes after, and in whatever order the list has them; its tables are
 * those of its migrations; uninstalled, it leaves the schema as it was.
 */
export async function pluginContract(
  t: Test | TAP,
  plugin: Plugin,
  { others = [] }: PluginContractOptions = {},
): Promise<void> {
  const required = others.filter(({ name }) => name in (plugin.requires ?? {}))
  await t.test('the definition is whole', async (t) => {
    checkDefinition(plugin, plugin.name)
    for (const list of [
      [...others, plugin],
      [plugin, ...others],
    ])
      t.ok(inOrder(list).includes(plugin), 'the order of the list does not matter')
  })
  await eachDatabase(t, async (t, database) => {
    const app = await testApp(t, { database, plugins: [...required, plugin] })
    const { db } = app
    t.same(await drift(db, plugin), [], 'the tables are those of the migrations')
    const { body } = await app.call('GET', '/api/plugins')
    t.ok(
      body.items.some(
        (one: { name: string; state: string }) => one.name === plugin.name && one.state === 'on',
      ),
    )
    const ready = await app.call('GET', '/api/health/ready')
    t.ok(`plugin ${plugin.name}` in ready.body.checks, 'health knows it')
    const granted = await app.call('GET', '/api/roles')
    for (const key of Object.keys(plugin.permissions ?? {}))
      t.ok(
        JSON.stringify(granted.body).includes(`"${plugin.name}:${key}"`),
        `${plugin.name}:${key} is granted`,
      )
    await t.rejects(uninstall(db, plugin.name, [plugin.name]), 'it is not uninstalled while it is on')
    await app.plugins.stop()
    const own = Object.values(buildTables(plugin, db.dialect.name) as Record<string, Table>).map(getTableName)
    t.same((await uninstall(db, plugin.name, [])).toSorted(), own.toSorted(), 'all its tables are dropped')
    const there = await db.rows<{ name: string }>(
      database === 'sqlite'
        ? sql`select name from sqlite_master where type in ('table', 'index')`
        : sql`select tablename as name from pg_tables where schemaname = current_schema()`,
    )
    const prefix = `${plugin.name.replaceAll('-', '_')}_`
    t.same(
      there.filter(({ name }) => name.startsWith(prefix)),
      [],
      'nothing of it is left in the schema',
    )
  })
}

/** @param make a new channel, and what it has handed to the world outside so far. */
export async function channelContract(
  t: Test | TAP,
  make: () => Promise<{ channel: Channel; sent(): number; address: string }>,
): Promise<void> {
  await t.test('a message is handed over once, and says so', async (t) => {
    const { channel, sent, address } = await make()
    const outcome = await channel.deliver(outgoingTo(address), AbortSignal.timeout(10_000))
    t.equal(outcome.kind, 'sent')
    t.equal(sent(), 1)
    t.ok(channel.describe().length > 0, 'it can say what it is')
    await channel.close()
  })
  await t.test('given up, it answers within a moment, and does not throw', async (t) => {
    const { channel, address } = await make()
    const stop = new AbortController()
    stop.abort()
    const outcome = await channel.deliver(outgoingTo(address), stop.signal)
    t.ok(['sent', 'later', 'refused'].includes(outcome.kind))
    await channel.close()
  })
}

const outgoingTo = (address: string): Outgoing => ({
  id: '00000000-0000-7000-8000-000000000001',
  from: { name: 'Desk', address: 'support@desk.example' },
  to: [{ name: 'Ann', address }],
  cc: [],
  replyTo: null,
  subject: 'Hello',
  text: 'Hello',
  html: '',
  messageId: 'one@desk.example',
  references: [],
  date: new Date('2026-03-03T09:00:00.000Z'),
  automatic: false,
  attachments: [],
  inbox: { id: 'inbox', address: 'support@desk.example', options: {} },
})
