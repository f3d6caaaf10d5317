// How many jobs of a kind may begin in a span of time, in all processes together: counted in the database, so that
// it holds whatever rings, and whichever process runs them.
import { eq } from 'drizzle-orm'
import { after } from '../clock.js'
import type { Tx } from '../db/types.js'
import type { Due } from './claim.js'
import type { JobHandlers, Rate } from './types.js'

export interface Rates {
  /** Those that may begin now; notes until when the rest has to wait. */
  allow(tx: Tx, handlers: JobHandlers, rows: readonly Due[]): Promise<readonly Due[]>
  /** When the next of a kind may begin that has used up its rate; null: now. */
  heldUntil(name: string): Date | null
  /** The first of these instants. */
  next(): Date | null
}

export function createRates(now: () => Date): Rates {
  const held = new Map<string, Date>()
  const heldUntil = (name: string) => {
    const until = held.get(name)
    if (until && until <= now()) held.delete(name)
    return held.get(name) ?? null
  }
  return {
    async allow(tx, handlers, rows) {
      const left = new Map<string, number>()
      const allowed: Due[] = []
      for (const row of rows) {
        const rate = handlers.get(row.name)?.type.rate
        if (rate && !left.has(row.name)) {
          const wanted = rows.filter(({ name }) => name === row.name).length
          const { granted, next } = await takeRate(tx, row.name, rate, wanted)
          left.set(row.name, granted)
          if (granted < wanted) held.set(row.name, next)
        }
        const more = rate ? left.get(row.name)! : 1
        if (more > 0) allowed.push(row)
        if (rate) left.set(row.name, more - 1)
      }
      return allowed
    },
    heldUntil,
    next() {
      const all = [...held.keys()].flatMap((name) => heldUntil(name) ?? [])
      return all.length === 0 ? null : new Date(Math.min(...all.map((at) => at.getTime())))
    },
  }
}

/** The leaky bucket as one instant: when it will be empty again (ITU-T I.371, the generic cell rate algorithm). */
async function takeRate(tx: Tx, name: string, { most, perMs }: Rate, wanted: number) {
  const { limits } = tx.t
  const key = `job ${name}`
  await tx.insert(limits).values({ key, left: 0, at: tx.now }).onConflictDoNothing()
  // Locks the row on PostgreSQL: who asks at the same time waits for what is written below.
  const [row] = await tx
    .update(limits)
    .set({ left: 0 })
    .where(eq(limits.key, key))
    .returning({ at: limits.at })
  const now = tx.now.getTime()
  const each = perMs / most
  const emptyAt = Math.max(row!.at.getTime(), now)
  const granted = Math.min(wanted, Math.max(0, Math.floor((now + perMs - emptyAt) / each + 1e-6)))
  const until = emptyAt + granted * each
  if (granted > 0)
    await tx
      .update(limits)
      .set({ at: new Date(Math.round(until)) })
      .where(eq(limits.key, key))
  return { granted, next: after(tx.now, Math.max(1, Math.ceil(until + each - perMs - now))) }
}
