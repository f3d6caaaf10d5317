// The end of jobs that went well: those that end while a commit is under way share the next one.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Db } from '../db/types.js'
import { completeAll, leaseLost, MOST_AT_ONCE, type Over } from './ledger.js'

export function createFinisher(db: Db): (over: Over) => Promise<void> {
  const waiting: { over: Over; resolve: () => void; reject: (error: unknown) => void }[] = []
  let flushing = false

  async function flush() {
    await nextTurn()
    while (waiting.length > 0) await flushSome(waiting.splice(0, MOST_AT_ONCE))
    // In the same turn as the last look: who comes later must find nobody at work.
    flushing = false
  }

  async function flushSome(some: typeof waiting) {
    try {
      const ours = await db.transaction((tx) =>
        completeAll(
          tx,
          some.map(({ over }) => over),
        ),
      )
      for (const { over, resolve, reject } of some)
        if (ours.has(over.job.id)) resolve()
        else reject(leaseLost())
    } catch (error) {
      for (const { reject } of some) reject(error)
    }
  }

  return (over) =>
    new Promise((resolve, reject) => {
      waiting.push({ over, resolve, reject })
      if (flushing) return
      flushing = true
      void flush()
    })
}
