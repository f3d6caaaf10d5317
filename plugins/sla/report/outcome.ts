// What became of a timer, and the one instant by which reports count it.
import { MERGED } from '../engine/run.js'
import type { Timer } from '../engine/timer.js'

export const outcomes = ['met', 'missed', 'stopped', 'cancelled', 'running'] as const
export type Outcome = (typeof outcomes)[number]

export interface Counted {
  readonly outcome: Outcome
  /** When that was decided; of one that still runs: when it began. Never both, so a timer is counted once. */
  readonly at: number
}

export function countedOf(timer: Timer): Counted {
  const { state, breachedAt, stoppedAt, startedAt } = timer
  // Switching a policy off takes its target away. What was missed under it stays missed.
  if (breachedAt !== null && (state !== 'cancelled' || isWithdrawn(timer)))
    return { outcome: 'missed', at: breachedAt }
  if (state === 'cancelled') return { outcome: 'cancelled', at: stoppedAt ?? lastMeasured(timer) }
  if (stoppedAt !== null) return { outcome: state === 'met' ? 'met' : 'stopped', at: stoppedAt }
  return { outcome: 'running', at: startedAt }
}

/** Neither merged nor spam: those are no failure of anybody, missed or not. */
function isWithdrawn({ rule, stoppedBy, stretches }: Timer): boolean {
  const none = rule.calendar === null && rule.target === 0
  return none && stoppedBy !== MERGED && stretches.at(-1)?.held !== 'spam'
}

/** Spam, and a target that was taken away, leave no instant but the end of what was measured before. */
function lastMeasured({ stretches, startedAt }: Timer): number {
  const last = stretches.findLast(
    ({ held, calendar }) => calendar !== undefined && held !== 'spam' && held !== 'solved',
  )
  return last?.to ?? startedAt
}
