// What the API takes and shows.
import Type, { type Static, type TSchema } from 'typebox'
import { OpenHours } from '../engine/clock.js'
import { dateIn } from './civil.js'
import { holidayOn, windowsOn } from './days.js'
import { definitionSchema } from './definition.js'
import type { Hours, Window } from './hours.js'
import type { Content } from './ical.js'
import type { Current, Version } from './read.js'

const strict = <T extends Parameters<typeof Type.Object>[0]>(properties: T) =>
  Type.Object(properties, { additionalProperties: false })
/** As `type: [..., 'null']`: a union would be tried branch by branch. */
const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [(schema as { type?: string }).type, 'null'] })
const instant = (description?: string) =>
  Type.String({ format: 'date-time', ...(description && { description }) })

const name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  description: 'No two calendars have the same.',
  examples: ['Berlin office'],
})

export const newCalendar = strict({ name, definition: definitionSchema })
export const calendarChanges = strict({
  version: Type.Integer({
    minimum: 1,
    description:
      'The version that was read. Where it is not the newest any more, the answer is `version_conflict`.',
  }),
  name: Type.Optional(name),
  definition: Type.Optional(definitionSchema),
})
export const checkInput = strict({ definition: definitionSchema })
export const uploadInput = strict({
  text: Type.String({
    maxLength: 2 * 1024 * 1024,
    description: 'The iCalendar file (RFC 5545), at most 2 MB.',
  }),
  includeFree: Type.Optional(
    Type.Boolean({ default: false, description: 'Whether events that are marked as free count.' }),
  ),
})
export const byId = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })
export const byVersion = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  version: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
})
export const versionsQuery = strict({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  cursor: Type.Optional(Type.String({ maxLength: 20, pattern: '^\\d+$' })),
})
export const spanQuery = strict({ from: instant(), to: instant('At most 92 days after `from`.') })

const shownVersion = {
  version: Type.Integer(),
  at: instant('From when on it counts.'),
  agentId: orNull(
    Type.String({
      description: 'Who has made it; null: the desk, after a look at the feed or at the turn of a year.',
    }),
  ),
  definition: definitionSchema,
}

const shownCalendar = {
  id: Type.String(),
  name: Type.String(),
  ...shownVersion,
  createdAt: instant(),
  feedCheckedAt: orNull(instant('When the feed was looked at last.')),
  feedError: orNull(
    Type.String({
      description: 'Why the feed could not be read; the days that were known before still count.',
    }),
  ),
}
export const calendarShape = Type.Object(shownCalendar)
export const calendarList = Type.Object({ items: Type.Array(calendarShape), nextCursor: Type.Null() })

const holidays = Type.Array(Type.Object({ date: Type.String(), name: Type.String() }), {
  description: 'Every day of the next 366 that is closed by a holiday, whatever says so.',
})
const windowsShape = Type.Unsafe<readonly Window[]>({
  type: 'array',
  items: { type: 'array', items: { type: 'string' } },
  examples: [[['09:00', '17:00']]],
})
const instants = Type.Array(Type.Object({ from: instant(), to: instant() }), {
  description: 'Open windows as instants.',
})
const days = Type.Array(
  Type.Object({ date: Type.String(), holiday: orNull(Type.String()), windows: windowsShape }),
  { description: 'The next 14 days: their open windows in civil time, or the holiday that closes them.' },
)
export const calendarInFull = Type.Object({
  ...shownCalendar,
  holidays,
  days,
  usedBy: Type.Array(Type.String(), { description: 'Names of the policies that use it.' }),
})
export const preview = Type.Object({
  holidays,
  days,
  open: instants,
  feedError: orNull(Type.String({ description: 'Why the feed could not be read just now.' })),
})
export const openShape = Type.Object({ items: instants })
export const versionPage = Type.Object({
  items: Type.Array(Type.Object(shownVersion)),
  nextCursor: orNull(Type.String({ description: 'Give it as `cursor` to read on; null at the end.' })),
})
export const versionInFull = Type.Object({
  ...shownVersion,
  hours: Type.Unknown({
    description: 'What due times were computed from: opening hours, with the date and name of every holiday.',
  }),
})
export const uploaded = Type.Object({
  ...shownCalendar,
  read: Type.Object({
    events: Type.Integer({ description: 'Events in the file.' }),
    dates: Type.Integer({ description: 'Dates that are closed by it.' }),
    breaks: Type.Integer({ description: 'Dates on which it takes out a part.' }),
    cancelled: Type.Integer({ description: 'Events that were left out, because they are cancelled.' }),
    free: Type.Integer({ description: 'Events that were left out, because they are marked as free.' }),
  }),
})

export const viewVersion = ({ version, at, agentId, definition }: Version) => ({
  version,
  at: at.toISOString(),
  agentId,
  definition,
})

export const viewCalendar = ({ calendar, newest }: Current) => ({
  id: calendar.id,
  name: calendar.name,
  ...viewVersion(newest),
  createdAt: calendar.createdAt.toISOString(),
  feedCheckedAt: calendar.feedCheckedAt?.toISOString() ?? null,
  feedError: calendar.feedError,
})

export const viewRead = ({ events, closed, breaks, skipped }: Content) => ({
  events,
  dates: Object.keys(closed).length,
  breaks: Object.keys(breaks).length,
  ...skipped,
})

const DAYS_SHOWN = 14
const YEAR = 366

/** What somebody wants to see before they trust a calendar. */
export function viewDays(hours: Hours, now: Date) {
  const today = dateIn(hours.timeZone, now)
  const dates = Array.from({ length: YEAR }, (_, index) => today.add({ days: index }))
  return {
    holidays: dates.flatMap((date) => {
      const why = holidayOn(hours, date)
      return why === undefined ? [] : [{ date: date.toString(), name: why }]
    }),
    days: dates.slice(0, DAYS_SHOWN).map((date) => ({
      date: date.toString(),
      holiday: holidayOn(hours, date) ?? null,
      windows: windowsOn(hours, date),
    })),
  }
}

export const viewOpen = (hours: Hours, from: Date, to: Date) =>
  new OpenHours(hours).open(from.getTime(), to.getTime()).map((one) => ({
    from: new Date(one.from).toISOString(),
    to: new Date(one.to).toISOString(),
  }))
