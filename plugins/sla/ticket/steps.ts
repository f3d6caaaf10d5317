// Warnings and escalations: where on the way of a timer they lie, and which of them are due.
import type { Hours } from '../calendar/hours.js'
import type { Evaluated } from '../engine/evaluate.js'
import { lengthOf } from '../policy/duration.js'
import type { Step } from '../policy/target.js'

export interface DueStep {
  readonly step: Step
  /** The true instant, however late it is noticed. */
  readonly at: number
  /** What it was to warn of is over: it is noted, and nobody is bothered. */
  readonly over: boolean
}

export interface Ahead {
  readonly due: readonly DueStep[]
  /** When the next one is. */
  readonly next: number | null
}

/**
 * @param fired names of the steps that were fired for this deadline.
 * @param hours of the calendar of the policy.
 */
export function stepsAhead(
  { timer, instantAt }: Evaluated,
  steps: readonly Step[],
  fired: ReadonlySet<string>,
  hours: Hours,
  now: number,
): Ahead {
  const due: DueStep[] = []
  let next: number | null = null
  const { stoppedAt, state } = timer
  if (state === 'cancelled') return { due, next }
  for (const step of steps) {
    if (fired.has(step.name)) continue
    const offset = lengthOf(step.at, hours)!
    const instant = instantOf(offset, { timer, instantAt })
    if (instant === null) continue
    // An answer at the deadline itself is in time; a warning before it is due at its instant.
    const from = offset.ms < 0 ? instant : instant + 1
    // A step that lies before the target held is due when it began to hold.
    const at = Math.max(instant, timer.ruledSince)
    if (stoppedAt !== null && from > stoppedAt) continue
    if (from <= now) due.push({ step, at, over: stoppedAt !== null })
    else if (stoppedAt === null && state !== 'paused') next = Math.min(next ?? from, from)
  }
  due.sort((a, b) => a.at - b.at)
  return { due, next }
}

/** On the clock of its target by what is used up then; else so much later or earlier in the world. */
function instantOf(
  offset: { ms: number; business: boolean },
  { timer, instantAt }: Evaluated,
): number | null {
  const { target, calendar } = timer.rule
  if (offset.ms === 0 || offset.business === (calendar !== null)) return instantAt(target + offset.ms)
  const due = instantAt(target)
  return due === null ? null : due + offset.ms
}
