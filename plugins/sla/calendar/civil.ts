// Civil dates and times as text: `2026-05-01`, `12-25`, `09:00`, and `24:00` as an end. As text they sort by time.
import { Temporal } from 'temporal-polyfill'
import { type Weekday, type Window, weekdays } from './hours.js'

/** A close of the end of the day. */
export const MIDNIGHT = '24:00'

/** @returns undefined where it is no time; `24:00` is one. */
export function minutesOf(time: string): number | undefined {
  if (time === MIDNIGHT) return 24 * 60
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time)
  return found ? Number(found[1]) * 60 + Number(found[2]) : undefined
}

export const timeOf = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  try {
    Temporal.PlainDate.from(text, { overflow: 'reject' })
    return true
  } catch {
    return false
  }
}

/** `02-29` is one: it means leap years only. */
export const isYearly = (text: string): boolean => /^\d\d-\d\d$/.test(text) && isDate(`2024-${text}`)

export function isZone(name: string): boolean {
  // Node takes offsets (`+02:00`) for zones; they know no summer time, and nobody means them.
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

export const weekdayOf = (date: Temporal.PlainDate): Weekday => weekdays[date.dayOfWeek - 1]!

/** The date on which people in the zone are. */
export const dateIn = (timeZone: string, at: Date): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone).toPlainDate()

/** In order, without overlaps; what touches becomes one. */
export function mergeWindows(windows: readonly Window[]): Window[] {
  const merged: Window[] = []
  for (const [open, close] of windows.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))) {
    const last = merged.at(-1)
    if (last && open <= last[1]) merged[merged.length - 1] = [last[0], close > last[1] ? close : last[1]]
    else merged.push([open, close])
  }
  return merged
}
