// Reading calendars and their versions.
import { and, asc, desc, eq, inArray, lt } from 'drizzle-orm'
import { fail, type PluginReader } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Tables } from '../tables.js'
import type { Hours } from './hours.js'

export type Calendar = Tables['calendars']['$inferSelect']
export type Version = Tables['calendarVersions']['$inferSelect']
export type Source = Tables['calendarSources']['$inferSelect']

/** A calendar with its newest version. */
export interface Current {
  readonly calendar: Calendar
  readonly newest: Version
}

const newestOnly = ({ calendars, calendarVersions }: Tables) =>
  and(eq(calendarVersions.calendarId, calendars.id), eq(calendarVersions.version, calendars.version))

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

/** What timers are computed by. Oldest first; also of a calendar that was deleted. */
export interface CalendarVersion {
  readonly version: number
  /** From when on it counts. */
  readonly at: Date
  readonly hours: Hours
}

export type VersionsOf = (r: PluginReader, calendarId: string) => Promise<CalendarVersion[]>

const MOST_REMEMBERED = 1000

/**
 * Hours are remembered by their digest, not by their number: a version that was read in a transaction and rolled back
 * can come again with the same number and say something else.
 */
export function createVersionsOf({ tables: { calendarVersions: v } }: App): VersionsOf {
  const known = new Map<string, Hours>()
  return async (r, calendarId) => {
    const rows = await r
      .select({ version: v.version, at: v.at, digest: v.digest })
      .from(v)
      .where(eq(v.calendarId, calendarId))
      .orderBy(asc(v.version))
    const found = new Map<string, Hours>()
    for (const { digest } of rows) {
      const hours = known.get(digest)
      if (hours) found.set(digest, hours)
    }
    const missing = rows.filter(({ digest }) => !found.has(digest)).map(({ version }) => version)
    for (let index = 0; index < missing.length; index += 500)
      for (const { digest, hours } of await r
        .select({ digest: v.digest, hours: v.hours })
        .from(v)
        .where(and(eq(v.calendarId, calendarId), inArray(v.version, missing.slice(index, index + 500))))) {
        found.set(digest, hours)
        if (known.size >= MOST_REMEMBERED) known.delete(known.keys().next().value!)
        known.set(digest, hours)
      }
    return rows.map(({ version, at, digest }) => ({ version, at, hours: found.get(digest)! }))
  }
}
