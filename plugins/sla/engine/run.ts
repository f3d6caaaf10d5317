// One timer while the facts of its ticket go by.
import { world } from './clock.js'
import type { Calendar, Metric, Rule, State, Stretch, Timer } from './timer.js'

/** What the ticket itself holds against all timers. */
export type Block = 'spam' | 'merged' | null

export class Run {
  #rule: Rule | undefined
  /** The target was taken away: its policy was switched off, or none fits any more. */
  #withdrawn = false
  #stretches: Stretch[] = []
  #consumed = 0
  #mark: number
  /** Since when the present rule has held: a deadline before it is missed only then. */
  #ruledSince: number
  /** The instant at which the target was used up. */
  #reached: number | null = null
  #stoppedAt: number | null = null
  #stoppedBy: string | null = null
  #answered = false
  #breachedAt: number | null = null
  #deadline = 0

  constructor(
    readonly metric: Metric,
    readonly cycle: number,
    readonly startedAt: number,
    rule: Rule | undefined,
  ) {
    this.#mark = startedAt
    this.#ruledSince = startedAt
    if (rule) this.retarget(rule, startedAt)
  }

  get open(): boolean {
    return this.#stoppedAt === null
  }

  /** Also once it has stopped: a ticket can be opened again. */
  get mayGoOn(): boolean {
    return this.open || this.resumable || this.metric === 'resolution'
  }

  /** It ended without an answer, so it can go on. */
  get resumable(): boolean {
    return !this.open && !this.#answered
  }

  /** Counts what has passed since the last fact, under what held meanwhile. */
  advance(to: number, holds: readonly string[], block: Block): void {
    const from = this.#mark
    if (to <= from) return
    this.#mark = to
    if (!this.open) {
      this.#push({ from, to, held: ENDED, calendar: this.#calendar, holds, counted: 0 })
      return
    }
    const held = this.#heldBy(holds, block)
    const clock = this.#calendar === undefined ? undefined : (this.#calendar?.clock ?? world)
    const counted = held === null && clock ? clock.elapsed(from, to) : 0
    this.#push({ from, to, held, calendar: this.#calendar, holds, counted })
    if (this.#rule && this.#reached === null && held === null && clock) {
      const rest = this.#rule.target - this.#consumed
      if (counted >= rest) this.#reached = clock.due(from, rest)
    }
    this.#consumed += counted
    if (block === null) this.#missed(to)
  }

  /**
   * What has ended is judged by the rule that held then.
   * @param rule undefined: no target holds any more.
   */
  retarget(rule: Rule | undefined, at: number): void {
    if (!this.open) return
    const before = this.#rule
    this.#withdrawn = rule === undefined && (this.#withdrawn || before !== undefined)
    this.#rule = rule
    if (!rule || (before?.target === rule.target && before.calendar?.id === rule.calendar?.id)) return
    this.#ruledSince = at
    this.#deadline++
    this.#count(rule)
    this.#reached = this.#instantOf(rule.target)
    this.#missed(at)
  }

  /** A new version of its calendar: what was counted stays counted. */
  recalendar(calendar: Calendar, at: number): void {
    if (!this.open || this.#rule?.calendar?.id !== calendar.id) return
    this.#rule = { ...this.#rule, calendar }
    this.#ruledSince = at
  }

  /** @param answered whether it got what it waited for. */
  stop(at: number, answered: boolean, by: string | null): void {
    if (!this.open) return
    this.#stoppedAt = at
    this.#stoppedBy = by
    this.#answered = answered
  }

  resume(at: number, rule: Rule | undefined): void {
    this.#stoppedAt = null
    this.#stoppedBy = null
    this.#answered = false
    this.retarget(rule, at)
  }

  /** @returns undefined where no target ever held. */
  result(holds: readonly string[], block: Block): Timer | undefined {
    const rule = this.#rule ?? (this.#withdrawn ? NONE(this.metric) : undefined)
    if (!rule) return undefined
    const state = this.#state(holds, block)
    return {
      metric: this.metric,
      cycle: this.cycle,
      rule,
      startedAt: this.startedAt,
      dueAt: state === 'cancelled' ? null : this.instantAt(rule.target, this.standsStill(holds, block)),
      state,
      cancelled: this.#cancelled(block),
      consumed: this.#consumed,
      stoppedAt: this.#stoppedAt,
      stoppedBy: this.#stoppedBy === MERGED ? null : this.#stoppedBy,
      breachedAt: this.#breachedAt,
      ruledSince: this.#ruledSince,
      deadline: this.#deadline,
      stretches: this.#stretches,
    }
  }

  /** Also one that was missed: with a later target it may be due again, but not while it waits. */
  standsStill(holds: readonly string[], block: Block): boolean {
    return this.open && this.#heldBy(holds, block) !== null
  }

  /**
   * The instant at which `consumed` is or would be reached; null: never, as far as one can see. That is so while it
   * stands still: whatever is said then moves on with the clock.
   */
  instantAt(consumed: number, still: boolean): number | null {
    const past = this.#instantOf(consumed)
    if (past !== null || still) return past
    const clock = this.#rule?.calendar?.clock ?? world
    return clock.due(this.#stoppedAt ?? this.#mark, consumed - this.#consumed)
  }

  get #calendar() {
    return this.#rule ? this.#rule.calendar : undefined
  }

  #state(holds: readonly string[], block: Block): State {
    if (this.#cancelled(block) !== null) return 'cancelled'
    if (this.#breachedAt !== null) return 'breached'
    if (!this.open) return this.#answered ? 'met' : 'stopped'
    return this.#heldBy(holds, block) === null ? 'running' : 'paused'
  }

  #cancelled(block: Block): Timer['cancelled'] {
    if (this.#stoppedBy === MERGED) return 'merged'
    if (block === 'spam' && this.open) return 'spam'
    return this.#withdrawn ? 'withdrawn' : null
  }

  #heldBy(holds: readonly string[], block: Block): string | null {
    if (block !== null) return block
    return holds.find((hold) => this.#rule?.pauseWhile.has(hold)) ?? null
  }

  /** An answer at the deadline itself is in time: only what is past it is late. */
  #missed(at: number): void {
    if (this.#breachedAt !== null || this.#reached === null || this.#reached >= at || !this.#rule) return
    this.#breachedAt = Math.max(this.#reached, this.#ruledSince)
  }

  /** The first target of a ticket that had none counts what has passed, by its own rules. */
  #count({ calendar, pauseWhile }: Rule): void {
    this.#stretches = this.#stretches.map((stretch) => {
      if (stretch.calendar !== undefined || stretch.held !== null) return stretch
      const held = stretch.holds.find((hold) => pauseWhile.has(hold)) ?? null
      const counted = held === null ? (calendar?.clock ?? world).elapsed(stretch.from, stretch.to) : 0
      this.#consumed += counted
      return { ...stretch, calendar, held, counted }
    })
  }

  #instantOf(consumed: number): number | null {
    if (consumed <= 0) return this.startedAt
    let need = consumed
    for (const { from, counted, calendar } of this.#stretches) {
      if (counted >= need) return (calendar?.clock ?? world).due(from, need)
      need -= counted
    }
    return null
  }

  #push(stretch: Stretch): void {
    const last = this.#stretches.at(-1)
    if (
      last &&
      last.held === stretch.held &&
      last.calendar === stretch.calendar &&
      same(last.holds, stretch.holds)
    )
      this.#stretches[this.#stretches.length - 1] = {
        ...last,
        to: stretch.to,
        counted: last.counted + stretch.counted,
      }
    else this.#stretches.push(stretch)
  }
}

/** What holds a timer that has stopped, until its ticket is opened again. */
const ENDED = 'solved'
/** Who "stops" the timers of a ticket that was merged into another one. */
export const MERGED = 'merged'

const same = (a: readonly string[], b: readonly string[]) => a === b || a.join('\n') === b.join('\n')

const NONE = (metric: Metric): Rule => ({ metric, target: 0, calendar: null, pauseWhile: new Set() })
