// One occurrence of an event on the dates of a calendar: whole days, or windows of days, cut at midnight.
import type ICAL from 'ical.js'
import { Temporal } from 'temporal-polyfill'
import { isZone, MIDNIGHT } from './civil.js'
import type { Window } from './hours.js'
import type { ReadOptions } from './ical-expand.js'

export interface Occurrence {
  /** The series itself, or what replaces this occurrence of it. */
  readonly item: ICAL.Event
  readonly startDate: ICAL.Time
  readonly endDate: ICAL.Time
}

export interface Zoned {
  readonly dates: readonly string[]
  readonly windows: readonly (readonly [date: string, window: Window])[]
}

export function zonedReader({ timeZone, years: [first, last] }: ReadOptions) {
  const from = new Temporal.PlainDate(first, 1, 1)
  const to = new Temporal.PlainDate(last, 12, 31)
  const known = new Map<string, boolean>()
  const isKnown = (zone: string): boolean => {
    if (!known.has(zone)) known.set(zone, isZone(zone))
    return known.get(zone)!
  }

  /** The rules of the machine count more than those that the file brings; without any, it is the calendar's own zone. */
  function zoned(time: ICAL.Time, zone: string | undefined): Temporal.ZonedDateTime {
    const { year, month, day, hour, minute, second } = time
    const wall = Temporal.PlainDateTime.from({ year, month, day, hour, minute, second })
    if (time.zone?.tzid === 'UTC') return wall.toZonedDateTime('UTC').withTimeZone(timeZone)
    if (zone !== undefined && isKnown(zone)) return wall.toZonedDateTime(zone).withTimeZone(timeZone)
    if (time.zone?.component)
      return Temporal.Instant.fromEpochMilliseconds(time.toUnixTime() * 1000).toZonedDateTimeISO(timeZone)
    return wall.toZonedDateTime(timeZone)
  }

  function* days(begin: Temporal.PlainDate, end: Temporal.PlainDate): Generator<Temporal.PlainDate> {
    let day = Temporal.PlainDate.compare(begin, from) < 0 ? from : begin
    for (; Temporal.PlainDate.compare(day, end) < 0; day = day.add({ days: 1 }))
      if (Temporal.PlainDate.compare(day, to) > 0) return
      else yield day
  }

  function wholeDays({ startDate, endDate }: Occurrence): Zoned {
    const begin = dateOf(startDate)
    const end = dateOf(endDate)
    // DTEND is the day after (RFC 5545 §3.6.1); some write the same day, and mean that day.
    const until = Temporal.PlainDate.compare(end, begin) > 0 ? end : begin.add({ days: 1 })
    return { dates: Array.from(days(begin, until), String), windows: [] }
  }

  function timed({ item, startDate, endDate }: Occurrence): Zoned {
    const own = zoneOf(item, 'dtstart')
    // The end of a series is counted from its start, in the zone of the start.
    const begin = zoned(startDate, own)
    const end = zoned(endDate, item.isRecurring() ? own : (zoneOf(item, 'dtend') ?? own))
    const dates: string[] = []
    const windows: [string, Window][] = []
    if (Temporal.ZonedDateTime.compare(begin, end) >= 0) return { dates, windows }
    const lastDay = end.toPlainDate()
    for (const day of days(begin.toPlainDate(), lastDay.add({ days: 1 }))) {
      const open = day.equals(begin.toPlainDate()) ? floor(begin) : '00:00'
      const close = day.equals(lastDay) ? ceil(end) : MIDNIGHT
      if (open === '00:00' && close === MIDNIGHT) dates.push(day.toString())
      else if (open < close) windows.push([day.toString(), [open, close]])
    }
    return { dates, windows }
  }

  return (one: Occurrence): Zoned => (one.startDate.isDate ? wholeDays(one) : timed(one))
}

const dateOf = ({ year, month, day }: ICAL.Time) => Temporal.PlainDate.from({ year, month, day })

const zoneOf = (event: ICAL.Event, name: string): string | undefined => {
  const zone = event.component.getFirstProperty(name)?.getParameter('tzid')
  // Some write it as a path: `/mozilla.org/20050126_1/Europe/Berlin`.
  return typeof zone === 'string' ? zone.replace(/^\/.*\/([A-Za-z_]+\/[A-Za-z_]+)$/, '$1') : undefined
}

const floor = (at: Temporal.ZonedDateTime): string => at.toPlainTime().toString({ smallestUnit: 'minute' })

/** A minute that has begun is closed. */
function ceil(at: Temporal.ZonedDateTime): string {
  const text = at
    .toPlainTime()
    .round({ smallestUnit: 'minute', roundingMode: 'ceil' })
    .toString({ smallestUnit: 'minute' })
  return text === '00:00' && at.hour === 23 ? MIDNIGHT : text
}
