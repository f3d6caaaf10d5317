// Keeps a plugin that logs in a loop from filling the disk, and from hiding what everybody else has to say.
import { type Clock, SECOND, systemClock } from '../clock.js'
import type { Log } from './app.js'

export interface FloodOptions {
  lines?: number
  perMs?: number
  clock?: Clock
}

type Level = keyof Log

/** As pino has it: lines of a level that is off are not written, so they do not count. */
type Limited = Log & { isLevelEnabled?(level: Level): boolean }

/** Passes `lines` in `perMs`, drops the rest, and says how many those were. */
export function limitLog(log: Limited, options: FloodOptions = {}): Log {
  const { lines = 200, perMs = 10 * SECOND, clock = systemClock } = options
  let start = Number.NEGATIVE_INFINITY
  let passed = 0
  let dropped = 0
  let timer: NodeJS.Timeout | undefined

  function sayDropped(): void {
    clearTimeout(timer)
    if (dropped > 0)
      log.warn({ dropped }, `${dropped} log lines were dropped: more than ${lines} in ${perMs} ms`)
    dropped = 0
  }

  function write(level: Level, details: object, message: string): void {
    if (log.isLevelEnabled?.(level) === false) return
    const now = clock.now().getTime()
    // Also where the clock was set back: the window would otherwise last until it has caught up.
    if (now >= start + perMs || now < start) {
      sayDropped()
      start = now
      passed = 0
    }
    if (passed < lines) {
      passed++
      log[level](details, message)
      return
    }
    // For the plugin that falls silent afterwards. Unref'd: the number is not worth keeping a process alive.
    if (dropped === 0) timer = setTimeout(sayDropped, start + perMs - now).unref()
    dropped++
  }

  return {
    debug: (details, message) => write('debug', details, message),
    info: (details, message) => write('info', details, message),
    warn: (details, message) => write('warn', details, message),
    error: (details, message) => write('error', details, message),
  }
}
