// Routes of calendars: reading and writing. Feeds and files are in source-routes.ts.
import { fail } from 'frontdesk/plugin'
import type { Context } from './context.js'
import { prepare } from './prepare.js'
import { listCalendars, listVersions, policiesUsing, readCalendarById, sourcesOf } from './read.js'
import {
  byId,
  byVersion,
  calendarChanges,
  calendarInFull,
  calendarList,
  calendarShape,
  newCalendar,
  versionInFull,
  versionPage,
  versionsQuery,
  viewCalendar,
  viewDays,
  viewVersion,
} from './shapes.js'
import { createCalendar, deleteCalendar, editCalendar } from './store.js'

export function calendarRoutes(context: Context): void {
  readRoutes(context)
  versionRoutes(context)
  writeRoutes(context)
}

function readRoutes({ app }: Context): void {
  app.route({
    method: 'GET',
    url: '/calendars',
    permission: app.permissions.read,
    summary: 'List calendars',
    response: { 200: calendarList },
    handler: async () => ({ items: (await listCalendars(app, app.db)).map(viewCalendar), nextCursor: null }),
  })
  app.route({
    method: 'GET',
    url: '/calendars/:id',
    permission: app.permissions.read,
    summary: 'Read a calendar, with its next holidays and open days',
    params: byId,
    response: { 200: calendarInFull },
    async handler({ params }) {
      const current = await readCalendarById(app, app.db, params.id)
      return {
        ...viewCalendar(current),
        ...viewDays(current.newest.hours, app.clock.now()),
        usedBy: await policiesUsing(app, app.db, params.id),
      }
    },
  })
}

function versionRoutes({ app }: Context): void {
  app.route({
    method: 'GET',
    url: '/calendars/:id/versions',
    permission: app.permissions.read,
    summary: 'All versions of a calendar, the newest first; also of a deleted one',
    params: byId,
    query: versionsQuery,
    response: { 200: versionPage },
    async handler({ params, query: { limit = 20, cursor } }) {
      const before = cursor === undefined ? {} : { before: Number(cursor) }
      const rows = await listVersions(app, app.db, params.id, { ...before, limit: limit + 1 })
      if (rows.length === 0 && cursor === undefined) throw fail('not_found', 'There is no such calendar.')
      const items = rows.slice(0, limit)
      return {
        items: items.map(viewVersion),
        nextCursor: rows.length > limit ? String(items.at(-1)!.version) : null,
      }
    },
  })
  app.route({
    method: 'GET',
    url: '/calendars/:id/versions/:version',
    permission: app.permissions.read,
    summary: 'One version of a calendar, with every holiday that was looked up for it',
    params: byVersion,
    response: { 200: versionInFull },
    async handler({ params: { id, version } }) {
      const [row] = await listVersions(app, app.db, id, { before: version + 1, limit: 1 })
      if (row?.version !== version) throw fail('not_found', 'There is no such version.')
      return { ...viewVersion(row), hours: row.hours }
    },
  })
}

function writeRoutes(context: Context): void {
  const { app, jobs } = context
  app.route({
    method: 'POST',
    url: '/calendars',
    permission: app.permissions.manage,
    summary: 'Create a calendar',
    description:
      'Its feed, where it has one, is read a moment later. Try it first with POST /calendars/check.',
    body: newCalendar,
    response: { 201: calendarShape },
    async handler({ who, body: { name, definition }, write }) {
      const hours = await prepare(context, definition, {})
      return write(async (tx) => {
        const made = await createCalendar(context, tx, { name, definition, hours, agentId: who.agentId })
        const calendarId = made.calendar.id
        if (definition.feed) await jobs.feed.schedule(tx, { calendarId }, { key: calendarId })
        return viewCalendar(made)
      })
    },
  })
  app.route({
    method: 'PATCH',
    url: '/calendars/:id',
    permission: app.permissions.manage,
    summary: 'Change a calendar: what is due by it is due anew from now on',
    description:
      'A definition is replaced as a whole. It makes a new version from this moment on; what is past stays as it was. The same definition, or another name, makes none.',
    params: byId,
    body: calendarChanges,
    response: { 200: calendarShape },
    async handler({ who, params: { id }, body: { version, definition, ...rest }, write }) {
      const seen = await readCalendarById(app, app.db, id)
      const hours = definition && (await prepareEdit(context, id, definition))
      return write(async (tx) => {
        const current = await readCalendarById(app, tx, id)
        const conflict = async () =>
          fail('version_conflict', undefined, { current: viewCalendar(await readCalendarById(app, tx, id)) })
        // What was looked up before this transaction belongs to the version that was there then.
        if (current.calendar.version !== version || seen.calendar.version !== version) throw await conflict()
        const edit = { ...rest, ...(definition && hours && { definition, hours }), agentId: who.agentId }
        const edited = await editCalendar(context, tx, current, edit)
        if (!edited) throw await conflict()
        return viewCalendar(await readCalendarById(app, tx, id))
      })
    },
  })
  app.route({
    method: 'DELETE',
    url: '/calendars/:id',
    permission: app.permissions.manage,
    summary:
      'Delete a calendar that no policy uses; its versions stay, because old tickets are explained by them',
    params: byId,
    response: { 204: null },
    handler: ({ params: { id }, write }) =>
      write(async (tx) => {
        await readCalendarById(app, tx, id)
        await deleteCalendar(context, tx, id)
      }),
  })
}

/** A feed of another URL is read a moment later. */
async function prepareEdit(context: Context, id: string, definition: Parameters<typeof prepare>[1]) {
  const { feed, file } = await sourcesOf(context.app, context.app.db, id)
  return prepare(context, definition, {
    ...(feed && feed.url === definition.feed?.url && { feed }),
    ...(file && { file }),
  })
}
