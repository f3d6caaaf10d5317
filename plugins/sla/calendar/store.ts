// Writing calendars. A version is never changed: whatever differs is a new one, from this moment on.
import { and, eq, isNull } from 'drizzle-orm'
import { fail, newId, type PluginTx } from 'frontdesk/plugin'
import type { Tables } from '../tables.js'
import { dateIn } from './civil.js'
import type { Context } from './context.js'
import type { CalendarDefinition } from './definition.js'
import type { Hours } from './hours.js'
import { yearsAround } from './public-holidays.js'
import { type Calendar, type Current, policiesUsing, type Source } from './read.js'
import { digestOf, keepPast, sameData, sameFrom } from './resolve.js'

const MOST_CALENDARS = 200

export interface Input {
  readonly name: string
  readonly definition: CalendarDefinition
  readonly hours: Hours
  /** Null: the plugin itself. */
  readonly agentId: string | null
}

/** @throws DeskError `already_exists`, `wrong_state` */
export async function createCalendar(context: Context, tx: PluginTx, input: Input): Promise<Current> {
  const { calendars, calendarVersions } = context.app.tables
  const all = await tx.select({ id: calendars.id }).from(calendars).where(isNull(calendars.deletedAt))
  if (all.length >= MOST_CALENDARS)
    throw fail('wrong_state', `There are ${MOST_CALENDARS} calendars already: delete one first.`)
  const [calendar] = await tx
    .insert(calendars)
    .values({ id: newId(), name: input.name, version: 1, createdAt: tx.now })
    .onConflictDoNothing()
    .returning()
  if (!calendar) throw nameTaken(input.name)
  const newest = versionRow(tx, calendar.id, 1, input)
  await tx.insert(calendarVersions).values(newest)
  await context.onNewVersion?.(tx, calendar.id, 1)
  return { calendar, newest }
}

/**
 * @param calendar as it was read; somebody else may have changed it since.
 * @returns undefined where that is so.
 */
export async function addVersion(
  context: Context,
  tx: PluginTx,
  calendar: Pick<Calendar, 'id' | 'version'>,
  input: Omit<Input, 'name'>,
): Promise<Current | undefined> {
  const { calendars, calendarVersions } = context.app.tables
  const version = calendar.version + 1
  const [now] = await tx.update(calendars).set({ version }).where(isStill(calendars, calendar)).returning()
  if (!now) return undefined
  const newest = versionRow(tx, calendar.id, version, input)
  await tx.insert(calendarVersions).values(newest)
  await context.onNewVersion?.(tx, calendar.id, version)
  return { calendar: now, newest }
}

/** As it was read, and not deleted meanwhile. */
const isStill = (t: Tables['calendars'], { id, version }: Pick<Calendar, 'id' | 'version'>) =>
  and(eq(t.id, id), eq(t.version, version), isNull(t.deletedAt))

const versionRow = (
  tx: PluginTx,
  calendarId: string,
  version: number,
  { definition, hours, agentId }: Omit<Input, 'name'>,
) => ({ calendarId, version, at: tx.now, definition, hours, digest: digestOf(hours), agentId })

/**
 * A new version where the world outside says something else about the days to come; what is past stays as it was.
 * @returns what is there now; undefined where somebody else has changed it meanwhile.
 */
export async function takeHours(
  context: Context,
  tx: PluginTx,
  current: Current,
  hours: Hours,
  agentId: string | null,
): Promise<Current | undefined> {
  const { definition, hours: old } = current.newest
  const today = dateIn(hours.timeZone, tx.now).toString()
  if (sameFrom(old, hours, today)) return current
  const first = `${yearsAround(tx.now)[0]}-01-01`
  return addVersion(context, tx, current.calendar, {
    definition,
    hours: keepPast(old, hours, today, first),
    agentId,
  })
}

export interface Edit {
  readonly name?: string
  readonly definition?: CalendarDefinition
  /** Of the definition. */
  readonly hours?: Hours
  readonly agentId: string
}

/** @throws DeskError `already_exists` @returns undefined where somebody else has changed it meanwhile. */
export async function editCalendar(
  context: Context,
  tx: PluginTx,
  { calendar, newest }: Current,
  { name = calendar.name, definition, hours, agentId }: Edit,
): Promise<Current | undefined> {
  let current: Current | undefined = { calendar, newest }
  if (definition && hours && !sameData(definition, newest.definition)) {
    if (definition.feed?.url !== newest.definition.feed?.url)
      await forgetFeed(context, tx, calendar.id, definition.feed !== undefined)
    current = await addVersion(context, tx, calendar, { definition, hours, agentId })
  }
  if (!current || name === calendar.name) return current
  const { calendars } = context.app.tables
  try {
    const [renamed] = await tx
      .update(calendars)
      .set({ name })
      .where(isStill(calendars, current.calendar))
      .returning()
    return renamed && { calendar: renamed, newest: current.newest }
  } catch (error) {
    if (tx.dialect.isUniqueViolation(error)) throw nameTaken(name)
    throw error
  }
}

/** @throws DeskError `in_use`. Its versions stay: timers of old tickets are explained by them. */
export async function deleteCalendar({ app }: Context, tx: PluginTx, id: string): Promise<void> {
  const { calendars, calendarSources: s } = app.tables
  // First, because it is a lock: a policy that takes it at this moment is there to be seen afterwards, or finds it gone.
  const [gone] = await tx
    .update(calendars)
    .set({ deletedAt: tx.now })
    .where(and(eq(calendars.id, id), isNull(calendars.deletedAt)))
    .returning()
  if (!gone) return
  const using = await policiesUsing(app, tx, id)
  if (using.length > 0)
    throw fail(
      'in_use',
      `These policies use it: ${using.slice(0, 10).join(', ')}. Give them another calendar first.`,
    )
  // What explains an old ticket says so by itself.
  const name = `${gone.name} (deleted ${tx.now.toISOString().slice(0, 10)}, ${id.slice(-12)})`
  await tx.update(calendars).set({ name }).where(eq(calendars.id, id))
  await tx.delete(s).where(eq(s.calendarId, id))
  await app.clearNotice(tx, feedNotice(id))
}

export const feedNotice = (calendarId: string): string => `feed-${calendarId}`

/** Another feed, or none: what was known of the old one says nothing. */
async function forgetFeed({ app, jobs }: Context, tx: PluginTx, calendarId: string, isThere: boolean) {
  const { calendars, calendarSources: s } = app.tables
  await tx.delete(s).where(and(eq(s.calendarId, calendarId), eq(s.kind, 'feed')))
  await tx
    .update(calendars)
    .set({ feedCheckedAt: null, feedError: null, feedFailingSince: null })
    .where(eq(calendars.id, calendarId))
  await app.clearNotice(tx, feedNotice(calendarId))
  if (isThere) await jobs.feed.schedule(tx, { calendarId }, { key: calendarId })
}

export async function putSource({ app }: Context, tx: PluginTx, source: Omit<Source, 'at'>): Promise<void> {
  const { calendarSources: s } = app.tables
  // PostgreSQL stores no NUL, and a feed can have one.
  const text = source.text.replaceAll('\u0000', '').toWellFormed()
  const row = { ...source, text, at: tx.now }
  await tx
    .insert(s)
    .values(row)
    .onConflictDoUpdate({ target: [s.calendarId, s.kind], set: row })
}

export async function feedWasRead({ app }: Context, tx: PluginTx, calendarId: string): Promise<void> {
  const { calendars } = app.tables
  await tx
    .update(calendars)
    .set({ feedCheckedAt: tx.now, feedError: null, feedFailingSince: null })
    .where(eq(calendars.id, calendarId))
  await app.clearNotice(tx, feedNotice(calendarId))
}

export async function feedFailed({ app }: Context, tx: PluginTx, calendarId: string, reason: string) {
  const { calendars } = app.tables
  await tx
    .update(calendars)
    .set({ feedFailingSince: tx.now })
    .where(and(eq(calendars.id, calendarId), isNull(calendars.feedFailingSince)))
  const [calendar] = await tx
    .update(calendars)
    .set({ feedCheckedAt: tx.now, feedError: reason.slice(0, 500) })
    .where(and(eq(calendars.id, calendarId), isNull(calendars.deletedAt)))
    .returning()
  return calendar
}

const nameTaken = (name: string) => fail('already_exists', `There is a calendar "${name}" already.`)
