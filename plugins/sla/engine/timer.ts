// The names of what is measured and of the states a timer can be in; what a rule is to the engine, and what comes out.
import type { OpenHours } from './clock.js'

export const metrics = ['first_response', 'next_response', 'resolution', 'periodic_update'] as const
export type Metric = (typeof metrics)[number]

export const states = ['running', 'paused', 'breached', 'met', 'stopped', 'cancelled'] as const
/** `breached` also after it was stopped too late; `stopped`: what it waited for is not needed any more. */
export type State = (typeof states)[number]

/** A target, ready to be measured. */
export interface Rule {
  readonly metric: Metric
  /** Milliseconds of the clock. */
  readonly target: number
  /** Null: the clock of the world. */
  readonly calendar: Calendar | null
  /** Holds of the ticket (its status, `tag:…`) while which the clock stands still. */
  readonly pauseWhile: ReadonlySet<string>
}

/** One version of a calendar. */
export interface Calendar {
  readonly id: string
  readonly name: string
  readonly version: number
  readonly clock: OpenHours
}

/** From `from` to `to` one rule held, and the clock ran or stood still. */
export interface Stretch {
  readonly from: number
  readonly to: number
  /** Why it stood still; null: it ran. */
  readonly held: string | null
  /** Whose hours counted; null: the clock of the world; undefined: no target held yet. */
  readonly calendar: Calendar | null | undefined
  /** The holds that the ticket had: a target that comes later looks at them. */
  readonly holds: readonly string[]
  readonly counted: number
}

export interface Timer {
  readonly metric: Metric
  /** Counts the timers of this metric on the ticket, from 0. */
  readonly cycle: number
  readonly rule: Rule
  readonly startedAt: number
  /** Null: paused, cancelled, or never, because its calendar has too few open hours. */
  readonly dueAt: number | null
  readonly state: State
  /** Why it is measured no more: the ticket was merged, is spam, or is under no target any more. */
  readonly cancelled: 'merged' | 'spam' | 'withdrawn' | null
  readonly consumed: number
  readonly stoppedAt: number | null
  /** Who stopped it. */
  readonly stoppedBy: string | null
  readonly breachedAt: number | null
  /** Since when its present target and calendar have held. */
  readonly ruledSince: number
  /** How many targets it has had: a step fires once for each. */
  readonly deadline: number
  readonly stretches: readonly Stretch[]
}
