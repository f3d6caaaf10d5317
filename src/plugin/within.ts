// A limit for what a plugin promises: a promise that never settles must not stop what waits for it.
import { SECOND } from '../clock.js'

/** A transaction of a plugin: on SQLite everybody else waits for its end. */
export const TRANSACTION_MS = 5 * SECOND

/** Rejects when `run` takes longer, or throws before there is a promise. */
export async function within<R>(ms: number, run: () => Promise<R> | R): Promise<R> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${ms / SECOND} s`)), ms)
  })
  try {
    return await Promise.race([(async () => run())(), limit])
  } finally {
    clearTimeout(timer)
  }
}
