// What the tests of this plugin share: a desk with a calendar, and tickets that come and are worked on as time goes by.
import { and, asc, eq, lte } from 'drizzle-orm'
import { type TestAppOptions, testApp } from 'frontdesk/testing'
import { Temporal } from 'temporal-polyfill'
import plugin from './index.js'

type Tap = Parameters<typeof testApp>[0]
export const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri'] as const

export const BER = {
  timeZone: 'Europe/Berlin',
  hours: Object.fromEntries(WEEK.map((day) => [day, [['09:00', '17:00']]])),
  holidays: [{ date: '2026-05-01' }, { date: '2026-12-25' }],
}

/** `03 10:00`: in March 2026 in Berlin. */
export const berlin = (local: string): string =>
  Temporal.PlainDateTime.from(
    local.includes('-') ? local.replace(' ', 'T') : `2026-03-${local.replace(' ', 'T')}`,
  )
    .toZonedDateTime('Europe/Berlin')
    .toInstant()
    .toString({ smallestUnit: 'millisecond' })

const letter = (subject: string, headers = '') =>
  `From: Ann <ann@guest.example>\r\nTo: support@desk.example\r\nSubject: ${subject}\r\nMessage-ID: <${Math.random()}@guest.example>\r\n${headers}\r\nPlease help.\r\n`

export async function slaDesk(t: Tap, options: TestAppOptions = {}) {
  const app = await testApp(t, { ...options, plugins: [plugin, ...(options.plugins ?? [])] })
  app.clock.set(berlin('02 08:00'))
  return kitOf(app)
}

type TestApp = Awaited<ReturnType<typeof testApp>>

async function kitOf(app: TestApp) {
  // What recurs every few minutes would be run a hundred times a day, and changes nothing here.
  await app.db.transaction((tx) => tx.delete(tx.t.jobs).where(eq(tx.t.jobs.key, 'recurring')))
  const api = '/api/plugins/sla'
  async function ok(method: string, url: string, body?: unknown) {
    const answer = await app.call(method, url, body)
    if (answer.status >= 300)
      throw new Error(`${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  /** Time goes by, and what is due on the way is done at its time. */
  async function at(local: string) {
    const end = new Date(berlin(local))
    const { jobs } = app.db.t
    for (;;) {
      const [next] = await app.db
        .select({ runAt: jobs.runAt })
        .from(jobs)
        .where(and(eq(jobs.state, 'waiting'), lte(jobs.runAt, end)))
        .orderBy(asc(jobs.runAt))
        .limit(1)
      if (!next) break
      if (next.runAt > app.clock.now()) app.clock.set(next.runAt)
      await app.runJobs()
    }
    app.clock.set(end)
  }
  const version = async (id: string) => (await ok('GET', `/api/tickets/${id}`)).version
  return {
    app,
    ok,
    at,
    calendar: async (definition: object = BER, name = 'BER'): Promise<{ id: string; version: number }> =>
      ok('POST', `${api}/calendars`, { name, definition }),
    policy: (body: object) => ok('POST', `${api}/policies`, body),
    /** A mail that opens a ticket; answers its id. */
    async mail(subject = 'Help', headers = ''): Promise<string> {
      const { ticketId } = await app.mail(letter(subject, headers))
      await app.runJobs()
      return ticketId!
    },
    async answer(id: string, text = 'We look into it.') {
      const { lastPublicMessageId } = await ok('GET', `/api/tickets/${id}`)
      const message = await ok('POST', `/api/tickets/${id}/replies`, { text, against: lastPublicMessageId })
      await app.runJobs()
      return message
    },
    async change(id: string, changes: object) {
      await ok('PATCH', `/api/tickets/${id}`, { version: await version(id), ...changes })
      await app.runJobs()
    },
    timers: async (id: string) => (await ok('GET', `${api}/tickets/${id}`)).timers,
    /** Off: this plugin is not listed. */
    restart: async (to: 'on' | 'off') => kitOf(await app.restart(to === 'on' ? [plugin] : [])),
    explained: (id: string) => ok('GET', `${api}/tickets/${id}`),
    fields: async (id: string) => (await ok('GET', `/api/tickets/${id}`)).fields,
  }
}
