// Which installed plugins are not there, and since when: what happens without them is told to nobody.
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { SECOND } from '../clock.js'
import type { Db, Tx } from '../db/types.js'
import type { Log } from './app.js'
import { allInstalled } from './lifecycle.js'

const EVERY_MS = 20 * SECOND

/**
 * A desk has started: what is installed and not listed is off from now on.
 * @returns since when each of the listed ones was off, and is no longer; and the names of those that are off.
 */
export async function recordListed(tx: Tx, listed: readonly string[]) {
  await tx.lock('plugins listed')
  const { plugins } = tx.t
  const back = new Map<string, Date>()
  const off: string[] = []
  for (const { name, offSince } of await allInstalled(tx)) {
    const on = listed.includes(name)
    if (!on) off.push(name)
    if (on === (offSince === null)) continue
    if (on) back.set(name, offSince!)
    await tx
      .update(plugins)
      .set({ offSince: on ? null : tx.now })
      .where(eq(plugins.name, name))
  }
  return { back, off }
}

/**
 * As long as this process runs without them they are off, whatever another process says that has them by now: in a
 * restart of several, one after the other, the last one without them tells the next one with them.
 * @returns the end of it.
 */
export function keepAbsent(db: Db, off: readonly string[], log: Log, everyMs = EVERY_MS): () => void {
  if (off.length === 0) return () => {}
  const { plugins } = db.t
  const heard = and(inArray(plugins.name, [...off]), isNull(plugins.offSince))
  let last: Date | undefined
  const timer = setInterval(() => {
    void db
      .transaction(async (tx) => {
        const offSince = last ?? new Date(tx.now.getTime() - everyMs)
        last = tx.now
        await tx.update(plugins).set({ offSince }).where(heard)
      })
      .catch((error: unknown) => log.warn({ err: error }, 'it could not be recorded which plugins are off'))
  }, everyMs).unref()
  return () => clearInterval(timer)
}
