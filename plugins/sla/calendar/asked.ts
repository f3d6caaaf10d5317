// A calendar that stands in a question (`sla calc`, `POST /evaluate`): checked like one that is saved, kept nowhere.
import { isYearly } from './civil.js'
import type { FieldError } from './definition.js'
import type { Hours, Weekday, Window } from './hours.js'
import { checkBreaks, checkWindows, collector, dateProblem, zoneProblem } from './problems.js'

export interface Asked {
  readonly timeZone: string
  readonly hours: Readonly<Partial<Record<Weekday, readonly Window[]>>>
  readonly holidays?: readonly string[]
  readonly breaks?: Readonly<Record<string, readonly Window[]>>
}

/** @param at where the calendar stands in the question. */
export function checkAsked(
  { timeZone, hours, holidays = [], breaks = {} }: Asked,
  at = '',
  zoneField = 'timeZone',
): FieldError[] {
  const errors: FieldError[] = []
  const add = collector(errors, at)
  add(zoneField, zoneProblem(timeZone))
  for (const [day, windows] of Object.entries(hours)) checkWindows(`hours/${day}`, windows, add)
  holidays.forEach((date, index) => {
    add(`holidays/${index}`, dateProblem(date))
  })
  checkBreaks(breaks, add)
  return errors
}

export const hoursOf = ({ timeZone, hours, holidays = [], breaks = {} }: Asked): Hours => ({
  timeZone,
  hours,
  closed: closedBy(holidays.filter((date) => !isYearly(date))),
  closedYearly: closedBy(holidays.filter(isYearly)),
  breaks,
})

const closedBy = (dates: readonly string[]) => Object.fromEntries(dates.map((date) => [date, 'holiday']))
