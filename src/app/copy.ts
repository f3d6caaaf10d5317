// A whole desk from one database to another: the tables of the core, and those of its plugins.
import { createHash } from 'node:crypto'
import type { Table } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { type Comparison, compareTable } from '../db/copy/compare.js'
import { copyTable, type Plan } from '../db/copy/copy.js'
import { CopyError } from '../db/copy/errors.js'
import { beginCopy, endCopy } from '../db/copy/progress.js'
import { type Row, sourceOf } from '../db/copy/tables.js'
import { tablesThere } from '../db/there.js'
import type { Db } from '../db/types.js'
import type { Plugin } from '../plugin/define.js'
import { allInstalled } from '../plugin/lifecycle.js'
import { buildTables, migratePlugin } from '../plugin/tables.js'
import { migrateCore } from './database.js'

export interface CopyOptions {
  from: Db
  to: Db
  /** Those that are on. */
  plugins: readonly Plugin[]
  tell(line: string): void
}

export interface Copied {
  tables: Comparison[]
  same: boolean
}

/** The source must be up to date, and nobody may write to it meanwhile. @throws CopyError */
export async function copyDesk({ from, to, plugins, tell }: CopyOptions): Promise<Copied> {
  const owners = await pluginsOf(from, plugins)
  const plans = plansOf(from, to, owners)
  const known = new Set(plans.map((plan) => plan.from.name))
  for (const name of await tablesThere(from))
    if (!known.has(name) && name !== 'schema_migrations')
      tell(`note: the table ${name} is neither of frontdesk nor of a plugin: it is not copied`)
  if (await beginCopy(to, await identityOf(from))) tell('goes on with the copy that was begun before')
  await migrateCore(to)
  for (const plugin of owners) await migratePlugin(to, plugin)
  for (const plan of plans) {
    let rows = 0
    const { cleaned } = await copyTable(from, to, plan, (more) => {
      rows += more
    })
    tell(`${plan.to.name}: ${rows} rows copied`)
    if (cleaned > 0)
      tell(
        `note: ${cleaned} rows of ${plan.to.name} had characters that PostgreSQL cannot store; they are U+FFFD now`,
      )
  }
  const copied = await compareAll(from, to, plans)
  if (copied.same) await endCopy(to)
  return copied
}

export async function compareDesks({ from, to, plugins }: Omit<CopyOptions, 'tell'>): Promise<Copied> {
  return compareAll(from, to, plansOf(from, to, await pluginsOf(from, plugins)))
}

async function compareAll(from: Db, to: Db, plans: readonly Plan[]): Promise<Copied> {
  const tables: Comparison[] = []
  for (const plan of plans) tables.push(await compareTable(from, to, plan))
  return { tables, same: tables.every(({ same }) => same) }
}

/** Only a definition says which columns are instants, booleans or JSON: a plugin that is off cannot come along. */
async function pluginsOf(from: Db, plugins: readonly Plugin[]): Promise<Plugin[]> {
  const owners: Plugin[] = []
  for (const { name, tables } of await allInstalled(from)) {
    const plugin = plugins.find((one) => one.name === name)
    if (plugin) owners.push(plugin)
    else if (tables.length > 0)
      throw new CopyError(
        `the plugin "${name}" owns tables (${tables.join(', ')}) but is not on: put it into FRONTDESK_PLUGINS for the copy, or uninstall it`,
      )
  }
  return owners
}

function plansOf(from: Db, to: Db, plugins: readonly Plugin[]): Plan[] {
  const plan = (source: unknown, target: unknown, change?: (row: Row) => Row): Plan => ({
    from: sourceOf(from, source as SQLiteTable),
    to: sourceOf(to, target as SQLiteTable),
    ...(change && { change }),
  })
  const core = Object.keys(from.t) as (keyof Db['t'])[]
  return [
    ...core.map((name) => plan(from.t[name], to.t[name], CHANGES[name])),
    ...plugins.flatMap((plugin) => {
      const sources = buildTables(plugin, from.dialect.name) as Record<string, Table>
      const targets = buildTables(plugin, to.dialect.name) as Record<string, Table>
      return Object.keys(sources).map((name) => plan(sources[name], targets[name]))
    }),
  ]
}

/** Nobody works at the source: who held the lease is gone, and the try did not fail but was cut off. */
const waitingAgain = (row: Row): Row =>
  row.state === 'running'
    ? {
        ...row,
        state: 'waiting',
        lease: null,
        leaseUntil: null,
        attempts: Math.max(0, Number(row.attempts) - 1),
      }
    : row

/** The number of a transaction says nothing in another database; there it would be one that is still to come. */
const past = (row: Row): Row => ({ ...row, txid: 0 })

const CHANGES: Partial<Record<keyof Db['t'], (row: Row) => Row>> = { jobs: waitingAgain, timeline: past }

/** Every desk has roles with ids of its own from its first start. */
async function identityOf(from: Db): Promise<string> {
  const rows = await from.select({ id: from.t.roles.id }).from(from.t.roles)
  const ids = rows.map(({ id }) => id).sort()
  return createHash('sha256').update(ids.join()).digest('hex')
}
