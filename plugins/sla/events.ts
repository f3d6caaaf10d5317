// What this plugin tells others, published in the transaction that finds it.
import { defineEvent } from 'frontdesk/plugin'
import Type from 'typebox'
import { metrics } from './engine/timer.js'
import { instant, oneOf, orNull } from './shapes.js'

const timer = {
  ticketId: Type.String(),
  metric: oneOf(metrics),
  cycle: Type.Integer(),
  policyId: orNull(Type.String()),
}

/** A deadline was missed: once for each timer. */
export const timerBreached = defineEvent(
  'sla.timerBreached',
  Type.Object({ ...timer, breachedAt: instant(), detectedAt: instant() }),
)
/** A warning or an escalation was due. */
export const stepReached = defineEvent(
  'sla.stepReached',
  Type.Object({ ...timer, step: Type.String(), at: instant(), dueAt: orNull(instant()) }),
)
