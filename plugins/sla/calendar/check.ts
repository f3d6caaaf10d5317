// What is wrong with a definition, each mistake with its place. Whether it ever opens is seen only when it is
// resolved (prepare.ts).
import { isDate, isYearly, isZone, MIDNIGHT, minutesOf } from './civil.js'
import type { CalendarDefinition, FieldError } from './definition.js'
import type { Window } from './hours.js'
import { parseTarget, type Rules } from './net/target.js'
import { placeProblem } from './public-holidays.js'

/** @param at where the definition stands in the request. */
export async function check(
  definition: CalendarDefinition,
  rules: Rules,
  at = 'body/definition',
): Promise<FieldError[]> {
  const { timeZone, hours, holidays = [], publicHolidays, feed, openOn = [], breaks = {} } = definition
  const errors: FieldError[] = []
  const add = (field: string, message: string | undefined) => {
    if (message !== undefined) errors.push({ field: `${at}/${field}`, message })
  }
  if (!isZone(timeZone)) add('timeZone', zoneProblem(timeZone))
  for (const [day, windows] of Object.entries(hours)) checkWindows(`hours/${day}`, windows, add)
  checkDates('holidays', holidays, add)
  openOn.forEach((date, index) => {
    add(`openOn/${index}`, dateProblem(date))
  })
  for (const [date, windows] of Object.entries(breaks)) {
    if (!isDate(date)) add(`breaks/${date.slice(0, 20)}`, 'is not a date: write YYYY-MM-DD')
    checkWindows(`breaks/${date.slice(0, 20)}`, windows, add)
  }
  if (publicHolidays) {
    const problem = await placeProblem(publicHolidays)
    if (problem) add(`publicHolidays/${problem.field}`, problem.message)
  }
  if (feed) {
    const target = parseTarget(feed.url, rules)
    if (typeof target === 'string') add('feed/url', target)
  }
  return errors
}

type Add = (field: string, message: string | undefined) => void

function checkWindows(field: string, windows: readonly Window[], add: Add): void {
  let before: Window | undefined
  windows.forEach((window, index) => {
    const problem = ['open', 'close'].flatMap((_, side) => timeProblem(window[side]!, side === 1) ?? [])
    if (problem.length > 0) {
      window.forEach((time, side) => {
        add(`${field}/${index}/${side}`, timeProblem(time, side === 1))
      })
      return
    }
    const [open, close] = window
    if (close <= open)
      add(
        `${field}/${index}`,
        `closes at ${close}, which is not after ${open}: a night shift is two windows, ${open} to 24:00, and 00:00 to ${close} on the next day`,
      )
    else if (before && open < before[0])
      add(
        `${field}/${index}`,
        `begins before the window that stands before it, ${range(before)}: order them by time`,
      )
    else if (before && open < before[1])
      add(`${field}/${index}`, `overlaps the window that stands before it, ${range(before)}`)
    before = window
  })
}

const range = ([open, close]: Window) => `${open} to ${close}`

function timeProblem(time: string, isClose: boolean): string | undefined {
  if (time === MIDNIGHT && !isClose) return 'a window cannot open at 24:00: write 00:00, on the next day'
  return minutesOf(time) === undefined ? 'is not a time: write HH:MM, from 00:00 to 24:00' : undefined
}

function checkDates(field: string, holidays: NonNullable<CalendarDefinition['holidays']>, add: Add): void {
  const seen = new Set<string>()
  holidays.forEach(({ date, name = '' }, index) => {
    add(`${field}/${index}/date`, dateProblem(date) ?? (seen.has(date) ? 'is there twice' : undefined))
    seen.add(date)
    if (/[\u0000-\u001f\u007f]/.test(name))
      add(`${field}/${index}/name`, 'has characters that cannot be shown')
  })
}

function dateProblem(date: string): string | undefined {
  if (isDate(date) || isYearly(date)) return undefined
  return /^(\d{4}-)?\d\d-\d\d$/.test(date)
    ? `there is no ${date} in any calendar`
    : 'is not a date: write YYYY-MM-DD, or MM-DD for every year'
}

function zoneProblem(name: string): string {
  const word = name.replace(/^.*\//, '').replaceAll(' ', '_').toLowerCase()
  const similar = Intl.supportedValuesOf('timeZone').filter(
    (zone) => word.length > 2 && zone.toLowerCase().includes(word),
  )
  const hint = similar.length > 0 ? similar.slice(0, 3).join(' or ') : 'Europe/Berlin'
  return `there is no such time zone: write an IANA name, for instance ${hint}`
}
