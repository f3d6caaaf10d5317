// Token buckets in the database: limits that survive a restart and hold across processes.
import { eq, lte } from 'drizzle-orm'
import { after, DAY } from '../clock.js'
import type { Tx } from '../db/types.js'

export interface Limit {
  /** Uses a full bucket allows. */
  most: number
  /** Milliseconds in which an empty bucket fills. */
  perMs: number
}

/** Takes one use from the bucket of `key`. @returns false when it is empty. */
export async function take(tx: Tx, key: string, { most, perMs }: Limit): Promise<boolean> {
  const { limits } = tx.t
  // Who comes at the same moment reads what is left after this one.
  await tx.lock(`limit ${key}`)
  const [row] = await tx.select().from(limits).where(eq(limits.key, key))
  const filled = row ? row.left + ((tx.now.getTime() - row.at.getTime()) * most) / perMs : most
  const left = Math.min(most, Math.max(0, filled))
  if (left < 1) return false
  const value = { left: left - 1, at: tx.now }
  await tx
    .insert(limits)
    .values({ key, ...value })
    .onConflictDoUpdate({ target: limits.key, set: value })
  return true
}

/** A full bucket needs no row. */
export async function dropFull(tx: Tx): Promise<void> {
  await tx.delete(tx.t.limits).where(lte(tx.t.limits.at, after(tx.now, -DAY)))
}
