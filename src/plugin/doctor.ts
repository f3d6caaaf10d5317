// What is wrong with a plugin, and what to do about it.
import { eq } from 'drizzle-orm'
import type { Db } from '../db/types.js'
import { fail } from '../errors.js'
import type { PluginHost } from './host.js'
import { installed, jobsOf } from './lifecycle.js'
import { readNotices } from './notices.js'
import { drift } from './tables.js'

export interface Finding {
  what: string
  todo: string
}

const SLOW_FILTER_MS = 50

/** @throws DeskError `not_found`. */
export async function diagnose(
  db: Db,
  host: PluginHost,
  name: string,
): Promise<{ ok: boolean; findings: Finding[] }> {
  const loaded = host.all.find(({ plugin }) => plugin.name === name)
  if (!loaded && !(await installed(db, name))) throw fail('not_found', `There is no plugin "${name}" here.`)
  const findings: Finding[] = []
  const find = (what: string, todo: string) => findings.push({ what, todo })
  if (!loaded)
    find('it is off: its jobs are parked, its tables stay', 'list it in FRONTDESK_PLUGINS, or uninstall it')
  else for (const problem of await drift(db, loaded.plugin)) find(problem, 'add a migration that mends it')
  const { pluginFaults: faults } = db.t
  for (const row of await db.select().from(faults).where(eq(faults.plugin, name)))
    find(
      `${row.handler} ${row.off ? 'is switched off' : 'has failed'}: ${row.reason}`,
      row.off
        ? `mend it, then POST /api/plugins/${name}/handlers/on, or frontdesk plugin doctor ${name} --on "${row.handler}"`
        : 'read the log of that time',
    )
  for (const { handler, kind, failures, runs, totalMs, lastError } of host.handlers(name)) {
    if (failures > 0) find(`${handler} failed ${failures} of ${runs} times: ${lastError}`, 'read the log')
    if (kind === 'filter' && runs > 0 && totalMs / runs > SLOW_FILTER_MS)
      find(
        `${handler} takes ${Math.round(totalMs / runs)} ms, while everybody waits`,
        'move work to an event',
      )
  }
  for (const { job, state, count } of await jobsOf(db, name))
    if (state === 'dead' || state === 'parked')
      find(
        `${count} ${state}: ${job}`,
        state === 'dead' ? 'retry them: POST /api/jobs/ID/retry' : 'they wait for its handler',
      )
  for (const { level, text } of await readNotices(db, name))
    find(`${level}: ${text}`, 'see its documentation')
  return { ok: findings.length === 0, findings }
}
