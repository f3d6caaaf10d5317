// One promise of a policy: how long, on which clock, what holds it up, and what happens on the way.
import type { Metric } from '../engine/timer.js'

/** Written as people say it: `4 hours` and `2 days` on the clock of the world, `4 business hours` on the calendar's. */
export type DurationText = string

export type Action =
  | {
      readonly do: 'notify'
      readonly who: 'assignee' | 'team' | { readonly agentId: string } | { readonly teamId: string }
    }
  | { readonly do: 'assign'; readonly agentId: string | null }
  | { readonly do: 'priority'; readonly to: 'low' | 'normal' | 'high' | 'urgent' | 'up' }
  | { readonly do: 'tag'; readonly tag: string }
  | { readonly do: 'team'; readonly teamId: string | null }
  | { readonly do: 'action'; readonly name: string; readonly data?: unknown }

export interface Step {
  /** Names the step within its target. */
  readonly name: string
  /** From the deadline: `-60 business minutes` is a warning, `0 minutes` the breach, `2 hours` an escalation. */
  readonly at: string
  readonly actions: readonly Action[]
}

export interface Target {
  readonly metric: Metric
  readonly within: DurationText
  /** Statuses, or tags as `tag:snoozed`, while which its clock stands still. */
  readonly pauseWhile?: readonly string[]
  readonly steps?: readonly Step[]
}
