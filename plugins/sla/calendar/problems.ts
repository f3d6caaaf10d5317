// What can be wrong with the parts of a calendar, in words: for calendars that are saved, and for those of a question.
import { isDate, isYearly, isZone, MIDNIGHT, minutesOf } from './civil.js'
import type { FieldError } from './definition.js'
import type { Window } from './hours.js'

export type Add = (field: string, message: string | undefined) => void

/** Collects what is wrong below a place. */
export const collector =
  (errors: FieldError[], at: string): Add =>
  (field, message) => {
    if (message !== undefined) errors.push({ field: at === '' ? field : `${at}/${field}`, message })
  }

export function checkBreaks(breaks: Readonly<Record<string, readonly Window[]>>, add: Add): void {
  for (const [date, windows] of Object.entries(breaks)) {
    const field = `breaks/${date.slice(0, 20)}`
    if (!isDate(date))
      add(field, isDateLike(date) ? `there is no ${date} in any calendar` : 'is not a date: write YYYY-MM-DD')
    checkWindows(field, windows, add)
  }
}

const isDateLike = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text)

export function checkWindows(field: string, windows: readonly Window[], add: Add): void {
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

export function dateProblem(date: string): string | undefined {
  if (isDate(date) || isYearly(date)) return undefined
  return /^(\d{4}-)?\d\d-\d\d$/.test(date)
    ? `there is no ${date} in any calendar`
    : 'is not a date: write YYYY-MM-DD, or MM-DD for every year'
}

export function zoneProblem(name: string): string | undefined {
  if (isZone(name)) return undefined
  const word = name.replace(/^.*\//, '').replaceAll(' ', '_').toLowerCase()
  const similar = Intl.supportedValuesOf('timeZone').filter(
    (zone) => word.length > 2 && zone.toLowerCase().includes(word),
  )
  const hint = similar.length > 0 ? similar.slice(0, 3).join(' or ') : 'Europe/Berlin'
  return `there is no such time zone: write an IANA name, for instance ${hint}`
}
