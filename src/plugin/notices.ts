// What plugins have to tell administrators, until it is cleared.
import { and, asc, eq } from 'drizzle-orm'
import type { Reader, Tx } from '../db/types.js'
import type { Notice } from './app.js'

export async function notify(tx: Tx, plugin: string, { key, level, text }: Notice): Promise<void> {
  const { notices } = tx.t
  const row = { level, text: text.slice(0, 1000), createdAt: tx.now }
  await tx
    .insert(notices)
    .values({ plugin, key, ...row })
    .onConflictDoUpdate({ target: [notices.plugin, notices.key], set: row })
}

export async function clearNotice(tx: Tx, plugin: string, key: string): Promise<void> {
  const { notices } = tx.t
  await tx.delete(notices).where(and(eq(notices.plugin, plugin), eq(notices.key, key)))
}

export const readNotices = (r: Reader, plugin?: string) =>
  r
    .select()
    .from(r.t.notices)
    .where(plugin === undefined ? undefined : eq(r.t.notices.plugin, plugin))
    .orderBy(asc(r.t.notices.createdAt))
    .limit(500)
