// Time and ids. Everything that needs "now" takes a Clock, so that tests can move it.
import { uuidv7 } from 'uuidv7'

export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** A new id: UUIDv7 (RFC 9562 §5.7), ordered by the time it was made. */
export const newId = (): string => uuidv7()

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export const after = (from: Date, ms: number): Date => new Date(from.getTime() + ms)

/**
 * Rejects when `run` takes longer than `ms`, or throws before there is a promise: what never settles must not stop
 * what waits for it.
 * @param atLimit called when the time is over.
 */
export async function within<R>(ms: number, run: () => Promise<R> | R, atLimit = () => {}): Promise<R> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      atLimit()
      reject(new Error(`it took longer than ${ms < SECOND ? `${ms} ms` : `${ms / SECOND} s`}`))
    }, ms)
  })
  try {
    return await Promise.race([(async () => run())(), limit])
  } finally {
    clearTimeout(timer)
  }
}
