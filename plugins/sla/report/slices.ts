// The time of a report in slices of a few hours, each within one civil day: no statement reads much at once, and the
// databases need to know nothing of zones and weeks.
import { setImmediate } from 'node:timers/promises'
import { fail, HOUR } from 'frontdesk/plugin'
import { Temporal } from 'temporal-polyfill'
import type { Period, Span } from './query.js'

/** On SQLite a statement blocks everybody: a busy day is read in four. */
const LONGEST = 6 * HOUR

export interface Slice extends Span {
  /** `2026-03-02`, `2026-W10`, `2026-03`; empty: the whole time is one. */
  readonly period: string
}

/** @throws DeskError `invalid_request` where there is no such zone. */
export function slicesOf({ from, to }: Span, zone = 'UTC', period?: Period): Slice[] {
  const slices: Slice[] = []
  let day = civilDay(from, zone)
  for (let at = from; at < to; ) {
    const next = day.add({ days: 1 }).startOfDay()
    const end = Math.min(next.epochMilliseconds, to)
    const name = nameOf(day, period)
    for (; at < end; at = Math.min(at + LONGEST, end))
      slices.push({ from: at, to: Math.min(at + LONGEST, end), period: name })
    day = next
  }
  return slices
}

function civilDay(at: number, zone: string): Temporal.ZonedDateTime {
  try {
    return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).startOfDay()
  } catch {
    throw fail('invalid_request', `There is no zone "${zone}".`)
  }
}

function nameOf(day: Temporal.ZonedDateTime, period: Period | undefined): string {
  switch (period) {
    case 'day':
      return day.toPlainDate().toString()
    case 'week':
      return `${day.yearOfWeek}-W${String(day.weekOfYear).padStart(2, '0')}`
    case 'month':
      return day.toPlainDate().toString().slice(0, 7)
    default:
      return ''
  }
}

/** Whoever waits for the event loop gets a turn. */
export const pause = (): Promise<void> => setImmediate()
