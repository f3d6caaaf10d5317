// Routes of what a calendar gets from outside: trying a definition, its feed, an uploaded file. The network is asked
// before the transaction of the request begins.
import { and, eq } from 'drizzle-orm'
import { DAY, fail, SECOND } from 'frontdesk/plugin'
import type { Context } from './context.js'
import { refresh } from './feed.js'
import type { Hours } from './hours.js'
import type { Fetched } from './net/fetch.js'
import { lookUp, opens, prepare, refuse } from './prepare.js'
import { readCalendarById, sourcesOf } from './read.js'
import { resolve } from './resolve.js'
import {
  byId,
  calendarShape,
  checkInput,
  openShape,
  preview,
  spanQuery,
  uploaded,
  uploadInput,
  viewCalendar,
  viewDays,
  viewOpen,
  viewRead,
} from './shapes.js'
import { putSource, takeHours } from './store.js'

const ROUTE_MS = 20 * SECOND

export function sourceRoutes(context: Context): void {
  checkRoute(context)
  refreshRoute(context)
  fileRoutes(context)
  openRoute(context)
}

function checkRoute(context: Context): void {
  const { app, fetch } = context
  app.route({
    method: 'POST',
    url: '/calendars/check',
    permission: app.permissions.manage,
    summary: 'Try a calendar without saving it: its holidays and its next open days',
    description: 'Refused with the same errors as POST /calendars. Its feed is read at once.',
    body: checkInput,
    response: { 200: preview },
    async handler({ body: { definition } }) {
      const now = app.clock.now()
      let hours: Hours = await prepare(context, definition, {})
      const signal = AbortSignal.timeout(ROUTE_MS)
      const fetched: Fetched | undefined =
        definition.feed && (await fetch(definition.feed.url, undefined, app.settings(), signal))
      if (fetched?.kind === 'text') hours = await prepare(context, definition, { feed: fetched })
      return {
        ...viewDays(hours, now),
        open: viewOpen(hours, now, new Date(now.getTime() + 14 * DAY)),
        feedError: fetched?.kind === 'failed' ? fetched.reason : null,
      }
    },
  })
}

function refreshRoute(context: Context): void {
  const { app } = context
  app.route({
    method: 'POST',
    url: '/calendars/:id/refresh',
    permission: app.permissions.manage,
    summary: 'Read the feed of a calendar now',
    description:
      'Where it cannot be read, `feedError` says why, and the days that were known before still count.',
    params: byId,
    response: { 200: calendarShape },
    async handler({ params: { id } }) {
      await readCalendarById(app, app.db, id)
      const current = await refresh(context, id, AbortSignal.timeout(ROUTE_MS))
      if (!current) throw fail('wrong_state', 'This calendar has no feed.')
      return viewCalendar(current)
    },
  })
}

function fileRoutes(context: Context): void {
  const { app } = context
  const { calendarSources: s } = app.tables
  app.route({
    method: 'POST',
    url: '/calendars/:id/ical',
    permission: app.permissions.manage,
    summary: 'Upload an iCalendar file: its days are closed too',
    description:
      'It replaces the file that was uploaded before. Whole-day events close their days, other events take out a part of a day.',
    params: byId,
    body: uploadInput,
    response: { 200: uploaded },
    async handler({ who, params: { id }, body: { text, includeFree = false }, write }) {
      const seen = await readCalendarById(app, app.db, id)
      const { feed } = await sourcesOf(app, app.db, id)
      const { definition } = seen.newest
      const now = app.clock.now()
      const found = await lookUp(definition, { ...(feed && { feed }), file: { text, includeFree } }, now)
      const hours = resolve(definition, found)
      if (!opens(hours, now))
        refuse([{ field: 'body/text', message: 'it would close every day of the next two years' }])
      return write(async (tx) => {
        const taken = await takeHours(context, tx, seen, hours, who.agentId)
        const current = await readCalendarById(app, tx, id)
        if (current.calendar.version !== taken?.calendar.version)
          throw fail('version_conflict', undefined, { current: viewCalendar(current) })
        await putSource(context, tx, { calendarId: id, kind: 'file', text, includeFree, ...NO_URL })
        return { ...viewCalendar(current), read: viewRead(found.file!) }
      })
    },
  })
  app.route({
    method: 'DELETE',
    url: '/calendars/:id/ical',
    permission: app.permissions.manage,
    summary: 'Take the uploaded file away: its days to come are open again',
    params: byId,
    response: { 200: calendarShape },
    async handler({ who, params: { id }, write }) {
      const seen = await readCalendarById(app, app.db, id)
      const { feed } = await sourcesOf(app, app.db, id)
      const { definition } = seen.newest
      const hours = resolve(definition, await lookUp(definition, { ...(feed && { feed }) }, app.clock.now()))
      return write(async (tx) => {
        await tx.delete(s).where(and(eq(s.calendarId, id), eq(s.kind, 'file')))
        const taken = await takeHours(context, tx, seen, hours, who.agentId)
        const current = await readCalendarById(app, tx, id)
        if (current.calendar.version !== taken?.calendar.version)
          throw fail('version_conflict', undefined, { current: viewCalendar(current) })
        return viewCalendar(current)
      })
    },
  })
}

const NO_URL = { url: null, etag: null, lastModified: null }
const MOST_DAYS = 92

function openRoute({ app }: Context): void {
  app.route({
    method: 'GET',
    url: '/calendars/:id/open',
    permission: app.permissions.read,
    summary: 'When a calendar is open, as instants',
    params: byId,
    query: spanQuery,
    response: { 200: openShape },
    async handler({ params, query }) {
      const [from, to] = [new Date(query.from), new Date(query.to)]
      if (!(from < to) || to.getTime() - from.getTime() > MOST_DAYS * DAY)
        throw fail('invalid_request', undefined, {
          errors: [{ field: 'query/to', message: `must be after \`from\`, by at most ${MOST_DAYS} days` }],
        })
      const { newest } = await readCalendarById(app, app.db, params.id)
      return { items: viewOpen(newest.hours, from, to) }
    },
  })
}
