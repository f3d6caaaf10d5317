// Reads the feed of a calendar: every six hours, every hour while it fails, and when somebody asks. A feed that cannot
// be read changes nothing but what is said about it.
import { createHash } from 'node:crypto'
import { and, isNotNull, isNull } from 'drizzle-orm'
import { after, DAY, DeskError, fail, HOUR, MINUTE } from 'frontdesk/plugin'
import type { Context, FeedData } from './context.js'
import type { CalendarDefinition } from './definition.js'
import type { Hours } from './hours.js'
import type { Fetched } from './net/fetch.js'
import { lookUp, opens, type Sources } from './prepare.js'
import { type Calendar, type Current, findCalendar, listCalendars, type Source, sourcesOf } from './read.js'
import { resolve } from './resolve.js'
import { feedFailed, feedNotice, feedWasRead, putSource, takeHours } from './store.js'

const EVERY = 6 * HOUR
const SPREAD = 30 * MINUTE

export const feedJob = (context: () => Context) => ({
  timeoutMs: MINUTE,
  concurrency: 2,
  async run({ data, signal }: { data: FeedData; signal: AbortSignal }) {
    await refresh(context(), data.calendarId, signal)
  },
})

/** Feeds of many calendars often stand on one server: each has its own minute. */
export function dueAt({ id, feedCheckedAt, feedError }: Calendar): Date {
  if (!feedCheckedAt) return new Date(0)
  const spread = (createHash('sha256').update(id).digest().readUInt32BE() / 2 ** 32) * SPREAD
  return after(feedCheckedAt, (feedError === null ? EVERY : HOUR) + spread)
}

/** Run every quarter of an hour: asks for each feed whose time has come. */
export async function askFeeds({ app, jobs }: Context): Promise<void> {
  const now = app.clock.now()
  const due = (await listCalendars(app, app.db)).filter(
    ({ calendar, newest }) => newest.definition.feed && dueAt(calendar) <= now,
  )
  if (due.length === 0) return
  await app.db.transaction(async (tx) => {
    for (const { calendar } of due)
      await jobs.feed.schedule(tx, { calendarId: calendar.id }, { key: calendar.id })
  })
}

/** @returns the calendar afterwards; undefined where there is none, or it has no feed. */
export async function refresh(
  context: Context,
  calendarId: string,
  signal: AbortSignal,
): Promise<Current | undefined> {
  const { app } = context
  const current = await findCalendar(app, app.db, calendarId)
  const feed = current?.newest.definition.feed
  if (!current || !feed) return undefined
  const sources = await sourcesOf(app, app.db, calendarId)
  const known = sources.feed?.url === feed.url ? sources.feed : undefined
  const fetched = await context.fetch(feed.url, known, app.settings(), signal)
  return take(context, current, sources, fetched)
}

async function take(
  context: Context,
  current: Current,
  { file }: { file?: Source },
  fetched: Fetched,
): Promise<Current | undefined> {
  const { app } = context
  const { id } = current.calendar
  if (fetched.kind === 'failed') return failed(context, id, fetched.reason)
  if (fetched.kind === 'unchanged') {
    await app.db.transaction((tx) => feedWasRead(context, tx, id))
    return findCalendar(app, app.db, id)
  }
  const { definition } = current.newest
  const now = app.clock.now()
  const hours = await hoursOrProblem(definition, { feed: fetched, ...(file && { file }) }, now)
  if (typeof hours === 'string') return failed(context, id, hours)
  if (!opens(hours, now)) return failed(context, id, 'It would close every day of the next two years.')
  await app.db.transaction(async (tx) => {
    if (!(await findCalendar(app, tx, id))) return
    const { url } = definition.feed!
    const taken = await takeHours(context, tx, current, hours, null)
    const latest = await findCalendar(app, tx, id)
    // Thrown, so that nothing is stored: the job comes again and sees what it is now.
    if (!taken || latest?.calendar.version !== taken.calendar.version) throw fail('version_conflict')
    const { text, etag, lastModified } = fetched
    await putSource(context, tx, {
      calendarId: id,
      kind: 'feed',
      url,
      text,
      etag,
      lastModified,
      includeFree: false,
    })
    await feedWasRead(context, tx, id)
  })
  return findCalendar(app, app.db, id)
}

async function hoursOrProblem(
  definition: CalendarDefinition,
  sources: Sources,
  now: Date,
): Promise<Hours | string> {
  try {
    return resolve(definition, await lookUp(definition, sources, now))
  } catch (error) {
    if (error instanceof DeskError) return error.message
    throw error
  }
}

async function failed(context: Context, id: string, reason: string): Promise<Current | undefined> {
  const { app } = context
  await app.db.transaction(async (tx) => {
    const calendar = await feedFailed(context, tx, id, reason)
    if (!calendar?.feedFailingSince || after(calendar.feedFailingSince, DAY) > tx.now) return
    const since = calendar.feedFailingSince.toISOString().slice(0, 16).replace('T', ' ')
    await app.notify(tx, {
      key: feedNotice(id),
      level: 'warning',
      text: `The feed of the calendar "${calendar.name}" cannot be read since ${since} UTC, and the days that were read before still count: ${reason} Look at its URL.`,
    })
  })
  return findCalendar(app, app.db, id)
}

/** Asked often, so it reads no definitions. */
export async function feedHealth({ app }: Context): Promise<{ ok: boolean; detail: string }> {
  const { calendars } = app.tables
  const feeds = await app.db
    .select({ name: calendars.name, error: calendars.feedError })
    .from(calendars)
    .where(and(isNotNull(calendars.feedCheckedAt), isNull(calendars.deletedAt)))
  const bad = feeds.filter(({ error }) => error !== null).map(({ name }) => name)
  return {
    ok: bad.length === 0,
    detail:
      bad.length === 0
        ? `${feeds.length} feeds of calendars`
        : `${bad.length} of ${feeds.length} feeds of calendars cannot be read: ${bad.slice(0, 5).join(', ')}`,
  }
}
