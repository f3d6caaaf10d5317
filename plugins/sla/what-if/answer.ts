// What a timer looks like to whoever asks over the API.
import Type from 'typebox'
import { explain, type Segment } from '../engine/explain.js'
import { metrics, states, type Timer } from '../engine/timer.js'
import { instant, oneOf, orNull } from '../shapes.js'

export const timerShape = Type.Object({
  metric: oneOf(metrics),
  cycle: Type.Integer({ description: 'Counts the timers of this metric, from 0.' }),
  startedAt: instant(),
  dueAt: Type.Union([instant(), Type.Null()], {
    description: 'Null: it is paused or cancelled, or its calendar has no such time within two years.',
  }),
  state: oneOf(states),
  targetMs: Type.Number(),
  consumedMs: Type.Number(),
  remainingMs: Type.Number({ description: 'Below zero: over time.' }),
  stoppedAt: orNull(instant()),
  breachedAt: orNull(instant()),
  segments: Type.Array(
    Type.Object({
      from: instant(),
      to: instant(),
      counted: Type.Boolean(),
      reason: Type.String({ description: 'open world closed holiday paused solved spam untargeted' }),
      why: Type.String(),
    }),
  ),
})

export const iso = (at: number): string => new Date(at).toISOString()
export const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at))

export const shown = (timer: Timer) => ({
  metric: timer.metric,
  cycle: timer.cycle,
  startedAt: iso(timer.startedAt),
  dueAt: isoOrNull(timer.dueAt),
  state: timer.state,
  targetMs: timer.rule.target,
  consumedMs: timer.consumed,
  remainingMs: timer.rule.target - timer.consumed,
  stoppedAt: isoOrNull(timer.stoppedAt),
  breachedAt: isoOrNull(timer.breachedAt),
  segments: explain(timer).map(({ from, to, ...rest }: Segment) => ({
    from: iso(from),
    to: iso(to),
    ...rest,
  })),
})
