// On, off, gone: what is recorded of a plugin, and what is left of it.
import { and, eq, like, notLike, or, sql } from 'drizzle-orm'
import type { Db, Reader, Tx } from '../db/types.js'
import { fail } from '../errors.js'
import type { Permission } from '../people/permissions.js'
import type { Plugin } from './define.js'
import { dropTables, tableNames } from './tables.js'

export async function installed(r: Reader, name: string) {
  const { plugins } = r.t
  const [row] = await r.select().from(plugins).where(eq(plugins.name, name))
  return row
}

/** Every plugin this desk knows, those that are switched off too. */
export const allInstalled = (r: Reader) => r.select().from(r.t.plugins).orderBy(r.t.plugins.name)

/**
 * Administrators get the permissions of a plugin when it comes; whoever else needs them is given them.
 * @returns whether it is here for the first time.
 */
export async function recordInstalled(
  tx: Tx,
  plugin: Plugin,
  permissions: readonly Permission[],
): Promise<boolean> {
  const { plugins } = tx.t
  const { name, version } = plugin
  // Of several processes that start at once one is the first.
  await tx.lock(`plugin ${name}`)
  const before = await installed(tx, name)
  const row = { version, tables: tableNames(plugin) }
  if (before?.version === version && before.tables.join() === row.tables.join()) return false
  await tx
    .insert(plugins)
    .values({ name, installedAt: tx.now, ...row })
    .onConflictDoUpdate({ target: plugins.name, set: row })
  if (permissions.length > 0) await grant(tx, permissions)
  return before === undefined
}

async function grant(tx: Tx, permissions: readonly Permission[]) {
  const { roles } = tx.t
  await tx.lock('roles')
  const [admin] = await tx.select().from(roles).where(eq(roles.name, 'admin'))
  if (!admin) return
  const all = [...new Set([...admin.permissions, ...permissions.map((permission) => permission.name)])]
  await tx.update(roles).set({ permissions: all }).where(eq(roles.id, admin.id))
  tx.announce('people')
}

/** `NAME.job` and `event:NAME.handler`; what others do at events of this plugin is theirs. */
const ownJobs = ({ t: { jobs } }: Reader, name: string) =>
  or(and(like(jobs.name, `${name}.%`), notLike(jobs.name, '%:%')), like(jobs.name, `%:${name}.%`))

/** Its jobs in the ledger, by state. */
export async function jobsOf(r: Reader, name: string) {
  const { jobs } = r.t
  const rows = await r
    .select({ job: jobs.name, state: jobs.state, count: sql<number>`count(*)` })
    .from(jobs)
    .where(ownJobs(r, name))
    .groupBy(jobs.name, jobs.state)
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/**
 * Drops all that the plugin owned: tables, settings, fields, stages, jobs, notices, rights. What it did to tickets
 * (messages, changes, lines of the timeline) stays.
 * @throws DeskError `not_found`; `in_use` while it is listed.
 */
export async function uninstall(db: Db, name: string, listed: readonly string[]): Promise<string[]> {
  if (listed.includes(name))
    throw fail('in_use', `Take "${name}" off FRONTDESK_PLUGINS and restart the desk first.`)
  return db.transaction(async (tx) => {
    await tx.lock(`plugin ${name}`, 'roles')
    const row = await installed(tx, name)
    if (!row) throw fail('not_found', `The plugin "${name}" was never installed here.`)
    const { plugins, settings, jobs, ticketFields, ticketStages, notices, agentMails, pluginFaults, roles } =
      tx.t
    await dropTables(tx, name, row.tables)
    await tx.delete(settings).where(like(settings.key, `${name}.%`))
    await tx.delete(ticketFields).where(like(ticketFields.field, `${name}.%`))
    await tx.delete(ticketStages).where(like(ticketStages.workflow, `${name}.%`))
    await tx.delete(jobs).where(ownJobs(tx, name))
    await tx.delete(notices).where(eq(notices.plugin, name))
    await tx.delete(agentMails).where(like(agentMails.key, `${name} %`))
    await tx.delete(pluginFaults).where(eq(pluginFaults.plugin, name))
    for (const role of await tx.select().from(roles)) {
      const kept = role.permissions.filter((permission) => !permission.startsWith(`${name}:`))
      if (kept.length < role.permissions.length)
        await tx.update(roles).set({ permissions: kept }).where(eq(roles.id, role.id))
    }
    await tx.delete(plugins).where(eq(plugins.name, name))
    tx.announce('people')
    return row.tables
  })
}
