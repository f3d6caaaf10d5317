// For the tests of calendars: a desk whose feeds are read from memory, and what they do with it.
import { eq } from 'drizzle-orm'
import { definePlugin, newId } from 'frontdesk/plugin'
import { type DatabaseName, eachDatabase, type TestApp, testApp } from 'frontdesk/testing'
import type { Test } from 'tap'
import type { App } from '../../app.js'
import { fields } from '../../fields.js'
import { permissions } from '../../permissions.js'
import { settings } from '../../settings.js'
import { tables } from '../../tables.js'
import { setUpCalendars } from '../index.js'
import type { Fetched, Known } from '../net/fetch.js'

/** The test kit knows less of tap than tap does: the types are put together here, once. */
export const onBoth = (t: Test, body: (t: Test, database: DatabaseName) => Promise<void>) =>
  eachDatabase(t as never, body as never)

export const BASE = '/api/plugins/sla/calendars'

export const berlin = {
  timeZone: 'Europe/Berlin',
  hours: Object.fromEntries(['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [['09:00', '17:00']]])),
}

export interface Asked {
  url: string
  known: Known | undefined
}

export interface Desk {
  app: TestApp
  /** What the plugin was told of new versions. */
  told: string[]
  /** Requests for feeds so far, and what the next one gets. */
  asked: Asked[]
  answer(fetched: Fetched): void
  create(name: string, definition?: object): Promise<Shown>
  read(id: string): Promise<Shown>
  /** Runs a recurring job, which the engine does in time; it is not started in tests. */
  recurring(name: 'feeds' | 'roll'): Promise<void>
  /** A new book whose policies use these calendars. */
  book(calendarIds: readonly string[]): Promise<void>
  /** Takes them away, so that what follows finds none. */
  clear(): Promise<void>
}

/** As the API shows them; a test looks at what it wants. */
// biome-ignore lint/suspicious/noExplicitAny: whatever came back
export type Shown = any

export async function desk(t: Test, database: DatabaseName): Promise<Desk> {
  const told: string[] = []
  const asked: Asked[] = []
  let next: Fetched = { kind: 'unchanged' }
  let own!: App['tables']
  let revision = 0
  const plugin = definePlugin({
    name: 'sla',
    version: '1.0.0',
    api: '^1.0.0',
    tables,
    migrations: new URL('../../migrations/', import.meta.url),
    settings,
    permissions,
    fields,
    setup(app) {
      own = app.tables
      setUpCalendars(app, {
        async onNewVersion(_tx, id, version) {
          told.push(`${id} ${version}`)
        },
        async fetch(url, known) {
          asked.push({ url, known: known && { etag: known.etag, lastModified: known.lastModified } })
          return next
        },
      })
    },
  })
  const app = await testApp(t, { database, plugins: [plugin] })
  return {
    app,
    told,
    asked,
    answer(fetched) {
      next = fetched
    },
    async create(name, definition = berlin) {
      const { status, body } = await app.call('POST', BASE, { name, definition })
      if (status !== 201) throw new Error(JSON.stringify(body))
      return body
    },
    read: async (id) => (await app.call('GET', `${BASE}/${id}`)).body,
    async book(calendarIds) {
      const policies = calendarIds.map((calendarId, index) => ({
        id: newId(),
        version: 1,
        name: `Policy ${index + 1}`,
        enabled: true,
        calendarId,
        when: {},
        targets: [],
      }))
      await app.db.transaction((tx) =>
        tx.insert(own.books).values({ revision: ++revision, at: tx.now, policies, agentId: null }),
      )
    },
    recurring: (name) => recurring(app, name),
    async clear() {
      const { body } = await app.call('GET', BASE)
      for (const { id } of body.items) await app.call('DELETE', `${BASE}/${id}`)
      told.length = 0
      asked.length = 0
    },
  }
}

async function recurring(app: TestApp, name: string): Promise<void> {
  const row = { name: `sla.${name}`, key: 'recurring', data: {}, state: 'waiting' as const, attempts: 0 }
  await app.db.transaction(async (tx) => {
    await tx.delete(tx.t.jobs).where(eq(tx.t.jobs.name, row.name))
    await tx.insert(tx.t.jobs).values({ id: newId(), runAt: tx.now, createdAt: tx.now, ...row })
  })
  await app.runJobs({ twice: true })
}

/** A whole iCalendar around these events, each of them lines. */
export const ics = (...events: string[]): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//test//test//EN',
    ...events.flatMap((lines, index) => [
      'BEGIN:VEVENT',
      ...(lines.includes('UID:') ? [] : [`UID:${index}@test`]),
      ...lines.trim().split(/\s*\n\s*/),
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
    '',
  ].join('\r\n')

export const feedOf = (text: string, etag: string | null = null): Fetched => ({
  kind: 'text',
  text,
  etag,
  lastModified: null,
})
