// A definition with all that was looked up for it -> hours: data alone, in one order, so that equal hours are equal
// as text.

import { createHash } from 'node:crypto'
import { mergeWindows } from './civil.js'
import type { CalendarDefinition } from './definition.js'
import type { Hours, Window } from './hours.js'
import type { Content } from './ical.js'

/** What the world outside says about a calendar. */
export interface Found {
  readonly publicHolidays?: Readonly<Record<string, string>>
  readonly feed?: Content
  readonly file?: Content
}

export function resolve(definition: CalendarDefinition, { publicHolidays, feed, file }: Found): Hours {
  const { timeZone, hours, holidays = [], openOn = [], breaks = {}, minutesPerDay } = definition
  const open = new Set(openOn)
  const isOpen = (date: string) => open.has(date) || open.has(date.slice(5))
  const outside = Object.entries({ ...file?.closed, ...feed?.closed, ...publicHolidays })
  // What the administrator has written counts more than what was looked up.
  const own = holidays.map(({ date, name = 'Holiday' }) => [date, name] as const)
  const single = own.filter(([date]) => date.length > 5)
  return {
    timeZone,
    hours: sorted(Object.entries(hours).filter(([, windows]) => windows.length > 0)),
    closed: sorted([...outside.filter(([date]) => !isOpen(date)), ...single]),
    closedYearly: sorted(own.filter(([date]) => date.length === 5)),
    breaks: allBreaks([breaks, withoutDates(feed, isOpen), withoutDates(file, isOpen)]),
    ...(minutesPerDay !== undefined && { minutesPerDay }),
  }
}

const withoutDates = (content: Content | undefined, isLeftOut: (date: string) => boolean) =>
  Object.fromEntries(Object.entries(content?.breaks ?? {}).filter(([date]) => !isLeftOut(date)))

function allBreaks(sources: readonly Readonly<Record<string, readonly Window[]>>[]): Hours['breaks'] {
  const all: Record<string, Window[]> = {}
  for (const source of sources)
    for (const [date, windows] of Object.entries(source)) (all[date] ??= []).push(...windows)
  return sorted(Object.entries(all).map(([date, windows]) => [date, mergeWindows(windows)]))
}

const sorted = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.fromEntries([...new Map(entries)].toSorted(([a], [b]) => (a < b ? -1 : 1)))

/**
 * What was looked up anew, with the past as it was: a library or a feed that says something else about last month
 * has nothing to say about deadlines of last month.
 * @param today first date that is taken from `next`.
 * @param first dates before it are forgotten.
 */
export function keepPast(old: Hours, next: Hours, today: string, first: string): Hours {
  const merge = <T>(before: Readonly<Record<string, T>>, now: Readonly<Record<string, T>>) =>
    sorted([
      ...Object.entries(before).filter(([date]) => date < today && date >= first),
      ...Object.entries(now).filter(([date]) => date >= today),
    ])
  return { ...next, closed: merge(old.closed, next.closed), breaks: merge(old.breaks, next.breaks) }
}

/** Whether they are the same from this date on. */
export const sameFrom = (a: Hours, b: Hours, today: string): boolean =>
  sameData(keepPast(a, a, today, today), keepPast(b, b, today, today))

/** Names hours by what they say: the same hours have the same digest. */
export const digestOf = (hours: Hours): string =>
  createHash('sha256')
    .update(JSON.stringify(canonical(hours)))
    .digest('hex')

export const sameData = (a: unknown, b: unknown): boolean =>
  JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))

/** PostgreSQL gives the keys of JSON back in an order of its own. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  return sorted(Object.entries(value).map(([key, inner]) => [key, canonical(inner)] as const))
}
