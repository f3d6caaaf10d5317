// What one civil date of resolved hours has: closed and why, or its windows. Instants are the engine's.
import type { Temporal } from 'temporal-polyfill'
import { mergeWindows, weekdayOf } from './civil.js'
import type { Hours, Window } from './hours.js'

/** How far anybody looks for an open window. */
export const HORIZON_DAYS = 2 * 366

/** @returns why it is closed the whole day by a holiday; undefined where it is not. */
export function holidayOn({ closed, closedYearly }: Hours, date: Temporal.PlainDate): string | undefined {
  const text = date.toString()
  return closed[text] ?? closedYearly[text.slice(5)]
}

/** Its windows, without its breaks. */
export function windowsOn(hours: Hours, date: Temporal.PlainDate): Window[] {
  if (holidayOn(hours, date) !== undefined) return []
  const breaks = mergeWindows(hours.breaks[date.toString()] ?? [])
  return (hours.hours[weekdayOf(date)] ?? []).flatMap((window) => without(window, breaks))
}

export function hasOpenDay(hours: Hours, from: Temporal.PlainDate): boolean {
  for (let day = 0; day <= HORIZON_DAYS; day++)
    if (windowsOn(hours, from.add({ days: day })).length > 0) return true
  return false
}

function without([open, close]: Window, breaks: readonly Window[]): Window[] {
  const left: Window[] = []
  let from = open
  for (const [begin, end] of breaks) {
    if (end <= from || begin >= close) continue
    if (begin > from) left.push([from, begin])
    from = end
  }
  if (from < close) left.push([from, close])
  return left
}
