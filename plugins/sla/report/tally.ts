// Adds the slices up: counts by outcome, and how many timers took how long.
import { fail } from 'frontdesk/plugin'
import type { Metric } from '../engine/timer.js'
import type { Outcome } from './outcome.js'
import type { Group } from './query.js'
import type { Slice } from './slices.js'
import type { Ids, Row } from './statements.js'

/** A longer report nobody reads; its figures would fill the memory. */
const MOST_LINES = 5000

/** Milliseconds -> how many timers. */
type Lengths = Map<number, number>

export interface Line {
  readonly period: string
  readonly metric: Metric
  readonly ids: Ids
  from: number
  to: number
  readonly counts: Record<Outcome, number>
  readonly business: Lengths
  readonly wall: Lengths
}

export class Tally {
  readonly #lines = new Map<string, Line>()
  readonly #spans = new Map<string, { from: number; to: number }>()

  constructor(readonly group: readonly Group[]) {}

  /** A period reaches over all its slices, those in which nothing was counted too. */
  begin({ period, from, to }: Slice): void {
    const span = this.#spans.get(period)
    if (span) span.to = to
    else this.#spans.set(period, { from, to })
  }

  add(slice: Slice, kind: 'business' | 'wall', rows: readonly Row[]): void {
    for (const row of rows) {
      const line = this.#lineOf(slice.period, row)
      const timers = Number(row.timers)
      if (kind === 'business') line.counts[row.outcome] += timers
      if (row.step === null) continue
      const step = Number(row.step)
      line[kind].set(step, (line[kind].get(step) ?? 0) + timers)
    }
  }

  get lines(): Line[] {
    return [...this.#lines.values()].map((line) => ({ ...line, ...this.#spans.get(line.period)! }))
  }

  #lineOf(period: string, row: Row): Line {
    const ids = Object.fromEntries(this.group.map((one) => [one, row[one] ?? null])) as Ids
    const key = JSON.stringify([period, row.metric, Object.values(ids)])
    const known = this.#lines.get(key)
    if (known) return known
    if (this.#lines.size >= MOST_LINES)
      throw fail(
        'invalid_request',
        `This would be more than ${MOST_LINES} lines: group by less, or take less time.`,
      )
    const counts = { met: 0, missed: 0, stopped: 0, cancelled: 0, running: 0 }
    const line = {
      period,
      metric: row.metric,
      ids,
      from: 0,
      to: 0,
      counts,
      business: new Map(),
      wall: new Map(),
    }
    this.#lines.set(key, line)
    return line
  }
}

/** The nearest rank: a length that one of the timers has, as far as steps tell them apart. */
export function percentile(lengths: Lengths, share: number): number | null {
  const all = [...lengths].sort(([a], [b]) => a - b)
  const rank = Math.ceil(share * all.reduce((sum, [, timers]) => sum + timers, 0))
  let seen = 0
  for (const [length, timers] of all) if ((seen += timers) >= rank) return length
  return null
}
