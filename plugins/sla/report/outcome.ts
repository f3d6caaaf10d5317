// What became of a timer, and the one instant by which reports count it.
import type { Timer } from '../engine/timer.js'

export const outcomes = ['met', 'missed', 'stopped', 'cancelled', 'running'] as const
export type Outcome = (typeof outcomes)[number]

export interface Counted {
  readonly outcome: Outcome
  /** When that was decided; of one that still runs: when it began. Never both, so a timer is counted once. */
  readonly at: number
}

export function countedOf(timer: Timer): Counted {
  const { state, cancelled, breachedAt, stoppedAt, startedAt } = timer
  // Switching a policy off takes its target away; what was missed under it stays missed. Merged tickets and spam are no
  // failure of anybody.
  if (breachedAt !== null && (cancelled === null || cancelled === 'withdrawn'))
    return { outcome: 'missed', at: breachedAt }
  if (state === 'cancelled') return { outcome: 'cancelled', at: stoppedAt ?? lastMeasured(timer) }
  if (stoppedAt !== null) return { outcome: state === 'met' ? 'met' : 'stopped', at: stoppedAt }
  return { outcome: 'running', at: startedAt }
}

/** Spam, and a target that was taken away, leave no instant but the end of what was measured before. */
function lastMeasured({ stretches, startedAt }: Timer): number {
  const last = stretches.findLast(
    ({ held, calendar }) => calendar !== undefined && held !== 'spam' && held !== 'solved',
  )
  return last?.to ?? startedAt
}
