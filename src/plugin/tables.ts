// A plugin's own tables: built for the database, brought up to date, compared with what is there, dropped.
import { fileURLToPath } from 'node:url'
import { getTableColumns, getTableName, type SQL, sql, type Table } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import { postgresKit, sqliteKit } from '../db/kit.js'
import { migrate, readMigrations } from '../db/migrate.js'
import { coreTables } from '../db/tables/index.js'
import { tablesThere } from '../db/there.js'
import type { Db, Reader, Tx } from '../db/types.js'
import { reasonOf } from '../errors.js'
import type { Plugin, PluginTables } from './define.js'
import { PluginError } from './errors.js'

export const prefixOf = (name: string): string => `${name.replaceAll('-', '_')}_`

export function buildTables({ name, tables }: Plugin, dialect: 'sqlite' | 'postgres'): PluginTables {
  if (!tables) return {}
  const kit = dialect === 'sqlite' ? sqliteKit : postgresKit
  return tables(kit(prefixOf(name)))
}

const scopeOf = (name: string) => `plugin:${name}`

/** @throws PluginError `plugin_migration`. */
export async function migratePlugin(db: Db, plugin: Plugin): Promise<string[]> {
  if (!plugin.migrations) return []
  try {
    const files = readMigrations(fileURLToPath(plugin.migrations), db.dialect.name)
    return await migrate(db, scopeOf(plugin.name), files)
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const reason = missing
      ? `the folder that "migrations" names has no ${db.dialect.name}/: ${plugin.migrations.pathname}`
      : reasonOf(error)
    throw new PluginError('plugin_migration', plugin.name, reason, { cause: error })
  }
}

export async function dropTables(tx: Tx, name: string, tables: readonly string[]): Promise<void> {
  for (const table of tables) await tx.exec(sql`drop table if exists ${sql.identifier(table)}`)
  await tx.exec(sql`delete from schema_migrations where scope = ${scopeOf(name)}`)
}

export const tableNames = (plugin: Plugin): string[] =>
  Object.values(buildTables(plugin, 'sqlite') as Record<string, Table>).map(getTableName)

/**
 * `sla` with a table `x_rules` and `sla-x` with a table `rules` would share one: the second would find its table made.
 * @param others those that are installed, also the ones that are off.
 * @throws PluginError `plugin_tables`.
 */
export function checkTables(
  plugins: readonly Plugin[],
  others: readonly { name: string; tables: readonly string[] }[],
): void {
  const owners = new Map<string, string>()
  for (const table of Object.values(coreTables(sqliteKit()) as Record<string, Table>))
    owners.set(getTableName(table), 'the core')
  const listed = plugins.map((plugin) => ({ name: plugin.name, tables: tableNames(plugin) }))
  const off = others.filter(({ name }) => !plugins.some((plugin) => plugin.name === name))
  for (const { name, tables } of [...off, ...listed])
    for (const table of tables) {
      const owner = owners.get(table)
      if (owner !== undefined)
        throw new PluginError('plugin_tables', name, `its table ${table} has the name of one of ${owner}`)
      owners.set(table, `the plugin "${name}"`)
    }
}

const casing = new CasingCache('snake_case')

/** What differs between the tables that the plugin describes and those that its migrations made. */
export async function drift(r: Reader, plugin: Plugin): Promise<string[]> {
  const wanted = new Map(
    Object.values(buildTables(plugin, r.dialect.name) as Record<string, Table>).map((table) => [
      getTableName(table),
      Object.values(getTableColumns(table)).map((column) => casing.getColumnCasing(column)),
    ]),
  )
  const found = await tablesThere(r)
  const problems: string[] = []
  for (const [table, columns] of wanted) {
    if (!found.has(table)) {
      problems.push(`the table ${table} is missing`)
      continue
    }
    const there = await columnsOf(r, table)
    for (const column of columns) if (!there.has(column)) problems.push(`${table}.${column} is missing`)
    for (const column of there)
      if (!columns.includes(column)) problems.push(`${table}.${column} is in no table of the plugin`)
  }
  return problems
}

async function columnsOf(r: Reader, table: string): Promise<Set<string>> {
  const query: SQL =
    r.dialect.name === 'sqlite'
      ? sql`select name from pragma_table_info(${table})`
      : sql`select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = ${table}`
  return new Set((await r.rows<{ name: string }>(query)).map(({ name }) => name))
}
