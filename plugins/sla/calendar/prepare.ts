// What has to be known of a definition before it is stored: that it is right, what the world outside says about it,
// and that it opens at all. It reads libraries and works out recurrences, so no transaction is open meanwhile.
import { fail } from 'frontdesk/plugin'
import { check } from './check.js'
import { dateIn } from './civil.js'
import type { Context } from './context.js'
import { hasOpenDay } from './days.js'
import type { CalendarDefinition, FieldError } from './definition.js'
import type { Hours } from './hours.js'
import { type Content, readCalendar, Unreadable } from './ical.js'
import { publicHolidays, yearsAround } from './public-holidays.js'
import { type Found, resolve } from './resolve.js'

/** iCalendar that is there. */
export interface Sources {
  readonly feed?: { readonly text: string }
  readonly file?: { readonly text: string; readonly includeFree: boolean }
}

/** @throws DeskError `invalid_request` */
export async function prepare(
  { app }: Context,
  definition: CalendarDefinition,
  sources: Sources,
): Promise<Hours> {
  const now = app.clock.now()
  refuse(await check(definition, app.settings()))
  const hours = resolve(definition, await lookUp(definition, sources, now))
  if (!opens(hours, now))
    refuse([{ field: 'body/definition/hours', message: 'there is no open window in the next two years' }])
  return hours
}

export const opens = (hours: Hours, now: Date): boolean => hasOpenDay(hours, dateIn(hours.timeZone, now))

/** @throws DeskError `invalid_request` where there are errors. */
export function refuse(errors: readonly FieldError[]): void {
  const [first] = errors
  if (first)
    throw fail(
      'invalid_request',
      `The calendar cannot be used: ${first.field} ${first.message}.`.slice(0, 500),
      {
        errors: [...errors],
      },
    )
}

/** @throws DeskError `invalid_request` where iCalendar cannot be read. */
export async function lookUp(
  definition: CalendarDefinition,
  { feed, file }: Sources,
  now: Date,
): Promise<Found> {
  const { publicHolidays: place, timeZone } = definition
  const years = yearsAround(now)
  const read = (text: string, includeFree: boolean, field: string) =>
    readable(field, () => readCalendar(text, { timeZone, years, includeFree }))
  const includeFree = definition.feed?.includeFree ?? false
  return {
    ...(place && { publicHolidays: await publicHolidays(place, years) }),
    ...(definition.feed && feed && { feed: await read(feed.text, includeFree, 'body/definition/feed') }),
    ...(file && { file: await read(file.text, file.includeFree, 'body/text') }),
  }
}

async function readable(field: string, read: () => Promise<Content>): Promise<Content> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw fail('invalid_request', error.message, { errors: [{ field, message: error.message }] })
  }
}
