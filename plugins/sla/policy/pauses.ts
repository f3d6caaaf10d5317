// Which holds stop the clock of a metric, where a policy does not say it.
import type { Metric } from '../engine/timer.js'

/** The requester or somebody else has to act first; nobody of the desk can go on meanwhile. */
const WAITING: ReadonlySet<string> = new Set(['pending', 'tag:snoozed', 'tag:third-party'])
const NONE: ReadonlySet<string> = new Set()

/** Whoever waits for an answer waits on while the ticket is called pending: responses go on. */
export const pausesOf = (metric: Metric, given: readonly string[] | undefined): ReadonlySet<string> =>
  given ? new Set(given) : metric === 'resolution' ? WAITING : NONE
