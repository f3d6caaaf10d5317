// The events of iCalendar (RFC 5545) as dates and windows. It works without a pause and without an end of its own:
// ical.ts gives it one.
import type ICAL from 'ical.js'
import { mergeWindows } from './civil.js'
import type { Window } from './hours.js'
import { type Occurrence, type Zoned, zonedReader } from './ical-times.js'
import type { Years } from './public-holidays.js'

export interface Content {
  readonly closed: Readonly<Record<string, string>>
  readonly breaks: Readonly<Record<string, readonly Window[]>>
  readonly events: number
  /** What was left out, and why. */
  readonly skipped: { readonly cancelled: number; readonly free: number }
}

export interface ReadOptions {
  /** Of the calendar: for times without a zone, and for the dates on which a timed event falls. */
  readonly timeZone: string
  readonly years: Years
  /** Whether events count that are marked as free. */
  readonly includeFree: boolean
}

/** What is wrong with the text, as a sentence. */
export class Unreadable extends Error {}

const MOST_BREAKS = 20_000

/** @throws Unreadable */
export function contentOf(library: typeof ICAL, text: string, options: ReadOptions): Content {
  try {
    return expand(library, text, options)
  } catch (error) {
    if (error instanceof Unreadable) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new Unreadable(`It cannot be read as iCalendar: ${clean(reason, 200)}`)
  }
}

function expand(library: typeof ICAL, text: string, options: ReadOptions): Content {
  const events = eventsOf(library, text)
  const found = collector()
  const skipped = { cancelled: 0, free: 0 }
  const read = zonedReader(options)
  const isLeftOut = (event: ICAL.Component): boolean => {
    const cancelled = wordOf(event, 'status') === 'CANCELLED'
    const free = !options.includeFree && wordOf(event, 'transp') === 'TRANSPARENT'
    if (cancelled) skipped.cancelled++
    else if (free) skipped.free++
    return cancelled || free
  }
  for (const event of series(library, events)) {
    if (isLeftOut(event.component)) continue
    for (const one of occurrences(event, options.years)) {
      if (one.item !== event && isLeftOut(one.item.component)) continue
      found.add(read(one), nameOf(one.item))
    }
  }
  return { ...found.result(), events: events.length, skipped }
}

function eventsOf(library: typeof ICAL, text: string): ICAL.Component[] {
  const parsed = library.parse(text) as unknown[]
  // One calendar, or a list of several.
  const roots = (typeof parsed[0] === 'string' ? [parsed] : parsed) as [string, object[], object[]][]
  return roots.flatMap((root) => new library.Component(root).getAllSubcomponents('vevent'))
}

/** Every series once, with the occurrences that differ from it; a moved one without its series stands alone. */
function series(library: typeof ICAL, events: readonly ICAL.Component[]): ICAL.Event[] {
  const masters = new Map<string, ICAL.Event>()
  const result: ICAL.Event[] = []
  const [moved, whole] = [true, false].map((is) =>
    events.filter((one) => one.hasProperty('recurrence-id') === is),
  )
  for (const component of whole!) {
    if (!component.hasProperty('dtstart')) continue
    // Without `exceptions` it would look for them itself, once for every event.
    const event = new library.Event(component, { exceptions: [] })
    if (!masters.has(event.uid)) masters.set(event.uid, event)
    result.push(event)
  }
  for (const component of moved!) {
    if (!component.hasProperty('dtstart')) continue
    const event = new library.Event(component)
    const master = masters.get(event.uid)
    if (master?.isRecurring()) master.relateException(event)
    else result.push(event)
  }
  return result
}

function* occurrences(event: ICAL.Event, [first, last]: Years): Generator<Occurrence> {
  if (!event.isRecurring()) {
    yield { item: event, startDate: event.startDate, endDate: event.endDate }
    return
  }
  const steps = event.iterator()
  for (let next = steps.next(); next && next.year <= last; next = steps.next())
    // A year early, for what lasts long.
    if (next.year >= first - 1) yield event.getOccurrenceDetails(next)
}

function collector() {
  const closed: Record<string, string> = {}
  const breaks: Record<string, Window[]> = {}
  let count = 0
  return {
    add({ dates, windows }: Zoned, name: string) {
      for (const date of dates) closed[date] ??= name
      for (const [date, window] of windows) {
        if (++count > MOST_BREAKS)
          throw new Unreadable(`It has more than ${MOST_BREAKS} times within its years.`)
        ;(breaks[date] ??= []).push(window)
      }
    },
    result: () => ({
      closed,
      breaks: Object.fromEntries(
        Object.entries(breaks).map(([date, windows]) => [date, mergeWindows(windows)]),
      ),
    }),
  }
}

const wordOf = (event: ICAL.Component, name: string): string =>
  String(event.getFirstPropertyValue(name) ?? '').toUpperCase()

const nameOf = (event: ICAL.Event): string => clean(String(event.summary ?? ''), 100) || 'Closed'

/** PostgreSQL stores no NUL, and nobody can read the others. */
const clean = (text: string, length: number): string =>
  text
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim()
    .slice(0, length)
    .toWellFormed()
