// What lists of tickets see of the timers of one.
import type { Evaluated } from '../engine/evaluate.js'
import type { Metric } from '../engine/timer.js'
import type { Fields } from '../fields.js'

const fieldOf: Record<Metric, keyof Fields> = {
  first_response: 'firstResponseDue',
  next_response: 'nextResponseDue',
  resolution: 'resolutionDue',
  periodic_update: 'periodicUpdateDue',
}

/** @param warned whether a step before a deadline was fired for a timer that still runs. */
export function fieldsOf(timers: readonly Evaluated[], policy: string | null, warned: boolean): Fields {
  const none: Fields = {
    due: null,
    state: null,
    firstResponseDue: null,
    nextResponseDue: null,
    resolutionDue: null,
    periodicUpdateDue: null,
    policy: null,
  }
  if (policy === null) return none
  const values = { ...none, policy }
  const open = timers.filter(({ timer }) => timer.stoppedAt === null && timer.state !== 'cancelled')
  for (const { timer } of open) {
    if (timer.dueAt === null) continue
    const due = new Date(timer.dueAt).toISOString()
    values[fieldOf[timer.metric]] = due as never
    if (values.due === null || due < values.due) values.due = due
  }
  const has = (state: string, among = open) => among.some(({ timer }) => timer.state === state)
  if (has('breached')) values.state = 'breached'
  else if (warned) values.state = 'warned'
  else if (has('running')) values.state = 'running'
  else if (has('paused')) values.state = 'paused'
  else if (has('breached', [...timers])) values.state = 'breached'
  else if (has('met', [...timers])) values.state = 'met'
  return values
}
