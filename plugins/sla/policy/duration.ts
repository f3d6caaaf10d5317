// Lengths as people write them: `4 hours` on the clock of the world, `4 business hours` and `2 business days` on the
// opening hours of a calendar.
import type { Hours } from '../calendar/hours.js'
import { weekdays } from '../calendar/hours.js'
import { DAY, minutesOf } from '../engine/clock.js'

export interface Length {
  readonly ms: number
  readonly business: boolean
}

const TEXT = /^([+-]?\d{1,6}(?:\.\d{1,3})?) (business |calendar )?(minute|hour|day)s?$/

/** @returns undefined where it is none. */
export function lengthOf(text: string, hours: Hours): Length | undefined {
  const [, number, kind, unit] = TEXT.exec(text) ?? []
  if (number === undefined) return undefined
  const business = kind === 'business '
  const day = business ? businessDay(hours) : DAY
  const ms = { minute: 60_000, hour: 3_600_000, day }[unit as 'minute' | 'hour' | 'day']
  return { ms: Math.round(Number(number) * ms), business }
}

/** What the calendar says, or the mean of the days of the week on which it is open. */
function businessDay({ hours, minutesPerDay }: Hours): number {
  if (minutesPerDay !== undefined) return minutesPerDay * 60_000
  const days = weekdays.map((day) =>
    (hours[day] ?? []).reduce((sum, [open, close]) => sum + minutesOf(close) - minutesOf(open), 0),
  )
  const open = days.filter((minutes) => minutes > 0)
  return open.length === 0 ? DAY : (open.reduce((a, b) => a + b) / open.length) * 60_000
}
