// A desk with this plugin and one receiver, and what its tests do with them.
import { type DatabaseName, type TestApp, testApp } from 'frontdesk/testing'
import { createWebhooks } from '../plugin.js'
import { type Received, type Receiver, receiver } from './receiver.js'

interface Tap {
  teardown(fn: () => unknown): void
}

/** As the API shows them; a test looks at what it wants. */
// biome-ignore lint/suspicious/noExplicitAny: whatever came back
type Shown = any

export interface TestDesk {
  app: TestApp
  r: Receiver
  /** Creates a webhook to the receiver. */
  hook(input?: object): Promise<Shown>
  read(id: string): Promise<Shown>
  log(id: string, query?: string): Promise<Shown[]>
  /** Moves the clock, and runs what is due then. */
  wait(ms: number): Promise<void>
}

export const BASE = '/api/plugins/webhooks'

export async function testDesk(
  t: Tap,
  database: DatabaseName,
  settings: Record<string, unknown> = {},
): Promise<TestDesk> {
  const r = await receiver(t)
  const app = await testApp(t, {
    database,
    plugins: [createWebhooks({ timeoutMs: 5000 })],
    settings: { 'webhooks.allowHttp': true, 'webhooks.allowPrivateNetworks': true, ...settings },
  })
  return {
    app,
    r,
    async hook(input = {}) {
      const { status, body } = await app.call('POST', `${BASE}/endpoints`, {
        url: r.url,
        events: ['*'],
        ...input,
      })
      if (status !== 201) throw new Error(JSON.stringify(body))
      return body
    },
    read: async (id) => (await app.call('GET', `${BASE}/endpoints/${id}`)).body,
    log: async (id, query = '') =>
      (await app.call('GET', `${BASE}/endpoints/${id}/deliveries${query}`)).body.items,
    async wait(ms) {
      app.clock.advance(ms)
      await app.runJobs()
    },
  }
}

let count = 0

export const mailOf = (subject: string): string =>
  `From: Ann Guest <ann@guest.example>\r\nTo: support@desk.example\r\nSubject: ${subject}\r\n` +
  `Message-ID: <${++count}.${process.pid}@guest.example>\r\nDate: Tue, 3 Mar 2026 09:00:00 +0000\r\n\r\nHello ${count}\r\n`

/** The receiver's side, by other means than ours: Web Crypto. */
export async function verifies(secret: string, { headers, body }: Received): Promise<boolean> {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'verify',
  ])
  const signed = new TextEncoder().encode(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  const signatures = String(headers['webhook-signature']).split(' ')
  const checks = signatures.map((one) =>
    crypto.subtle.verify('HMAC', key, Buffer.from(one.replace(/^v1,/, ''), 'base64'), signed),
  )
  return (await Promise.all(checks)).includes(true)
}

/** Every event and every delivery once more, as after a crash between the effect and the end of the job. */
export async function again({ app }: TestDesk, before: readonly object[]): Promise<void> {
  const { jobs } = app.db.t
  const { items } = (await app.call('GET', `${BASE}/endpoints`)).body
  const logs = await Promise.all(
    items.map(({ id }: { id: string }) => app.call('GET', `${BASE}/endpoints/${id}/deliveries?limit=100`)),
  )
  const deliveries = logs.flatMap(({ body }) => body.items as { id: string }[])
  await app.db.transaction(async (tx) => {
    for (const row of before)
      await tx.insert(jobs).values({ ...(row as typeof jobs.$inferInsert), key: null })
    for (const { id } of deliveries)
      await tx.insert(jobs).values({
        id: `again-${id}`,
        name: 'webhooks.deliver',
        key: null,
        data: { deliveryId: id },
        state: 'waiting',
        attempts: 0,
        runAt: tx.now,
        createdAt: tx.now,
      })
  })
  await app.runJobs()
}

export const jobsOf = async ({ app }: TestDesk) => app.db.select().from(app.db.t.jobs)
