// Reading calendars and their versions.
import { and, asc, desc, eq, isNull, lt } from 'drizzle-orm'
import { fail, type PluginReader } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Tables } from '../tables.js'

export type Calendar = Tables['calendars']['$inferSelect']
export type Version = Tables['calendarVersions']['$inferSelect']
export type Source = Tables['calendarSources']['$inferSelect']

/** A calendar with its newest version. */
export interface Current {
  readonly calendar: Calendar
  readonly newest: Version
}

const newestOnly = ({ calendars, calendarVersions }: Tables) =>
  and(
    isNull(calendars.deletedAt),
    eq(calendarVersions.calendarId, calendars.id),
    eq(calendarVersions.version, calendars.version),
  )

export async function listCalendars({ tables }: App, r: PluginReader): Promise<Current[]> {
  const { calendars, calendarVersions } = tables
  return r
    .select({ calendar: calendars, newest: calendarVersions })
    .from(calendars)
    .innerJoin(calendarVersions, newestOnly(tables))
    .orderBy(asc(calendars.name))
}

/** @throws DeskError `not_found` */
export async function readCalendarById(app: App, r: PluginReader, id: string): Promise<Current> {
  const current = await findCalendar(app, r, id)
  if (!current) throw fail('not_found', 'There is no such calendar.')
  return current
}

export async function findCalendar(
  { tables }: App,
  r: PluginReader,
  id: string,
): Promise<Current | undefined> {
  const { calendars, calendarVersions } = tables
  const [row] = await r
    .select({ calendar: calendars, newest: calendarVersions })
    .from(calendars)
    .innerJoin(calendarVersions, newestOnly(tables))
    .where(eq(calendars.id, id))
  return row
}

/** Newest first. */
export const listVersions = (
  { tables: { calendarVersions: v } }: App,
  r: PluginReader,
  id: string,
  { before, limit }: { before?: number; limit: number },
): Promise<Version[]> =>
  r
    .select()
    .from(v)
    .where(and(eq(v.calendarId, id), before === undefined ? undefined : lt(v.version, before)))
    .orderBy(desc(v.version))
    .limit(limit)

export async function sourcesOf(
  { tables: { calendarSources: s } }: App,
  r: PluginReader,
  id: string,
): Promise<{ feed?: Source; file?: Source }> {
  const rows = await r.select().from(s).where(eq(s.calendarId, id))
  return Object.fromEntries(rows.map((row) => [row.kind, row]))
}

/** Names of the policies that hold now and use it. */
export async function policiesUsing(
  { tables: { books } }: App,
  r: PluginReader,
  id: string,
): Promise<string[]> {
  const [book] = await r.select().from(books).orderBy(desc(books.revision)).limit(1)
  return (book?.policies ?? []).filter(({ calendarId }) => calendarId === id).map(({ name }) => name)
}
