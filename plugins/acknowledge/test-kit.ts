// For the tests of this plugin: mails as people and other desks write them, and what became of a ticket.
import { newId, ticketCreated } from 'frontdesk/plugin'
import { type DatabaseName, eachDatabase, type TestApp, testApp } from 'frontdesk/testing'
import type { Test } from 'tap'
import acknowledge from './index.js'

export interface Mail {
  from?: string
  to?: string
  subject?: string
  text?: string
  date?: string
  headers?: Record<string, string>
}

let count = 0

export function mail({ from = 'Ann <ann@guest.example>', headers = {}, ...rest }: Mail = {}): string {
  const lines = [
    `From: ${from}`,
    `To: ${rest.to ?? 'support@desk.example'}`,
    `Subject: ${rest.subject ?? 'Cold shower'}`,
    `Date: ${rest.date ?? 'Tue, 03 Mar 2026 09:00:00 +0000'}`,
    `Message-ID: <a${++count}@guest.example>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${rest.text ?? 'Brr.'}\r\n`
}

/** The test kit knows less of tap than tap does: the types are put together here, once. */
export const onBoth = (t: Test, body: (t: Test, database: DatabaseName) => Promise<void>) =>
  eachDatabase(t as never, body as never)

/** @param values settings of the plugin, without its prefix. */
export const desk = (t: Test, values: Record<string, unknown> = {}, database: DatabaseName = 'sqlite') =>
  testApp(t, {
    database,
    plugins: [acknowledge],
    settings: Object.fromEntries(Object.entries(values).map(([key, value]) => [`acknowledge.${key}`, value])),
  })

export interface Row {
  ticketId: string
  sent: boolean
  reason: string | null
  language: string | null
  address: string | null
  messageId: string | null
}

export async function answers(app: TestApp, query = ''): Promise<Row[]> {
  const { body } = await app.call('GET', `/api/plugins/acknowledge/answers${query}`)
  return body.items
}

/** Takes a mail in; answers `sent`, the reason why none was, or `none` where no ticket was opened. */
export async function outcome(app: TestApp, raw: string, address?: string): Promise<string> {
  const { ticketId, state } = await app.mail(raw, address)
  if (state !== 'opened') return 'none'
  const row = (await answers(app)).find((one) => one.ticketId === ticketId)
  return row ? (row.reason ?? 'sent') : 'no row'
}

export const put = (app: TestApp, key: string, value: unknown) =>
  app.call('PATCH', '/api/settings', { [`acknowledge.${key}`]: value })

/** The event twice more, as after a crash or a long stop. */
export async function again(app: TestApp, ticketId: string): Promise<Row | undefined> {
  await app.db.transaction(async (tx) => {
    for (const _ of [1, 2]) await app.desk.hooks.emit(tx, ticketCreated, { ticketId })
  })
  await app.runJobs({ twice: true })
  return (await answers(app)).find((one) => one.ticketId === ticketId)
}

/** What the engine does once a day; it is not started in tests. */
export async function prune(app: TestApp): Promise<void> {
  const row = {
    name: 'acknowledge.prune',
    key: 'recurring',
    data: {},
    state: 'waiting' as const,
    attempts: 0,
  }
  await app.db.transaction((tx) =>
    tx
      .insert(tx.t.jobs)
      .values({ id: newId(), runAt: tx.now, createdAt: tx.now, ...row })
      .onConflictDoNothing(),
  )
  await app.runJobs({ twice: true })
}
