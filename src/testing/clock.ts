// A clock that moves only when it is told to.
import type { Clock } from '../clock.js'

export interface ManualClock extends Clock {
  set(at: Date | string): void
  advance(ms: number): void
}

export function manualClock(start: Date | string = '2026-03-03T09:00:00.000Z'): ManualClock {
  let at = new Date(start).getTime()
  return {
    now: () => new Date(at),
    set(to) {
      at = new Date(to).getTime()
    },
    advance(ms) {
      at += ms
    },
  }
}
