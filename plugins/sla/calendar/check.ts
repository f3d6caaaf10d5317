// What is wrong with a definition, each mistake with its place. Whether it ever opens is seen only when it is
// resolved (prepare.ts).
import type { CalendarDefinition, FieldError } from './definition.js'
import { parseTarget, type Rules } from './net/target.js'
import { type Add, checkBreaks, checkWindows, collector, dateProblem, zoneProblem } from './problems.js'
import { placeProblem } from './public-holidays.js'

/** @param at where the definition stands in the request. */
export async function check(
  definition: CalendarDefinition,
  rules: Rules,
  at = 'body/definition',
): Promise<FieldError[]> {
  const { timeZone, hours, holidays = [], publicHolidays, feed, openOn = [], breaks = {} } = definition
  const errors: FieldError[] = []
  const add = collector(errors, at)
  add('timeZone', zoneProblem(timeZone))
  for (const [day, windows] of Object.entries(hours)) checkWindows(`hours/${day}`, windows, add)
  checkDates('holidays', holidays, add)
  openOn.forEach((date, index) => {
    add(`openOn/${index}`, dateProblem(date))
  })
  checkBreaks(breaks, add)
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

function checkDates(field: string, holidays: NonNullable<CalendarDefinition['holidays']>, add: Add): void {
  const seen = new Set<string>()
  holidays.forEach(({ date, name = '' }, index) => {
    add(`${field}/${index}/date`, dateProblem(date) ?? (seen.has(date) ? 'is there twice' : undefined))
    seen.add(date)
    if (/[\u0000-\u001f\u007f]/.test(name))
      add(`${field}/${index}/name`, 'has characters that cannot be shown')
  })
}
