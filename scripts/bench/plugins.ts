// What plugins cost: ten idle ones at the start and in a reply, an event with ten subscribers, and a webhook receiver
// that never answers beside incoming mail. `node dist/scripts/bench/plugins.js [rounds]`
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import Type from 'typebox'
import webhooks from '../../plugins/webhooks/index.js'
import { createApp } from '../../src/app/app.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { readConfig } from '../../src/config.js'
import { contactByEmail } from '../../src/people/contacts.js'
import {
  createTicket as createTicketFilter,
  definePlugin,
  type Plugin,
  ticketCreated,
  ticketMerged,
} from '../../src/plugin/index.js'
import { createTicket } from '../../src/tickets/create.js'
import {
  figure,
  headline,
  INBOX,
  load,
  makeDesk,
  median,
  quantile,
  say,
  start,
  withFolder,
} from './common.js'

const idle = (index: number): Plugin =>
  definePlugin({
    name: `idle-${index}`,
    version: '1.0.0',
    api: '^1.0.0',
    settings: Type.Object({ word: Type.String({ default: 'x' }) }),
    permissions: { look: 'Look' },
    fields: { note: { schema: Type.String(), description: 'A note' } },
    setup(app) {
      app.filter(createTicketFilter, 'nothing', () => undefined)
      app.on(ticketMerged, 'nothing', async () => {})
      app.job('nothing', { run: async () => {} })
      app.route({
        ...{ method: 'GET', url: '/', permission: app.permissions.look, summary: 'Nothing' },
        response: { 200: Type.Object({ word: Type.String() }) },
        handler: async () => app.settings(),
      })
    },
  })

const subscriber = (index: number): Plugin =>
  definePlugin({
    name: `sub-${index}`,
    version: '1.0.0',
    api: '^1.0.0',
    setup: (app) => app.on(ticketCreated, 'nothing', async () => {}),
  })

const many = (count: number, make: (index: number) => Plugin) =>
  Array.from({ length: count }, (_, i) => make(i))

const open = (dir: string, plugins: readonly Plugin[], roles: string) => {
  const env = { FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', ROLES: roles }
  return createApp({ config: readConfig(env, ROOT), log: createLog('silent'), plugins })
}

/** Milliseconds from the first line of the program to the address; tables and rights are there already. */
async function startTime(dir: string, count: number) {
  const began = performance.now()
  const app = await open(dir, many(count, idle), 'web,worker,intake')
  await app.start()
  say(performance.now() - began)
  await app.stop()
}

async function serve(dir: string, count: number) {
  const app = await open(dir, many(count, idle), 'web')
  await app.db.transaction((tx) => app.settings.set(tx, 'replies.undoSeconds', 600, null))
  await app.settings.load()
  say(await app.start())
}

const TICKETS = 500

/** Milliseconds of one transaction that makes a ticket, with and without subscribers. */
async function emitting(dir: string, count: number) {
  const app = await open(dir, many(count, subscriber), 'web')
  const inbox = (await app.db.select().from(app.db.t.inboxes))[0]!
  const make = () =>
    app.db.transaction(async (tx) => {
      const { id } = await contactByEmail(tx, 'Ann', 'ann@guest.example')
      const ticket = { subject: 'Hello', inboxId: inbox.id, channel: 'email', requesterId: id }
      await createTicket(tx, app.desk, { kind: 'system', id: null }, ticket)
    })
  for (let n = 0; n < 50; n++) await make()
  const began = performance.now()
  for (let n = 0; n < TICKETS; n++) await make()
  say((performance.now() - began) / TICKETS)
  await app.stop()
}

const MAILS = 200
/** Milliseconds from one mail to the next. */
const PACE_MS = 50

/** Milliseconds from the spool to the end state of mails that come twenty a second: the 95th of a hundred. */
async function mailTime(dir: string, receiver: string) {
  const app = await open(dir, [webhooks], 'web,worker,intake')
  await app.start()
  await app.db.transaction(async (tx) => {
    for (const key of ['allowHttp', 'allowPrivateNetworks'])
      await app.settings.set(tx, `webhooks.${key}`, true, null)
  })
  await app.settings.load()
  await addEndpoint(app, receiver)
  const times: number[] = []
  const ended = sql`select count(*) as done from intakes where state <> 'received'`
  for (let n = 0; n < MAILS; n++) {
    const began = performance.now()
    const raw = `From: guest${n}@guest.example\r\nMessage-ID: <${n}@guest.example>\r\nSubject: mail ${n}\r\n\r\nhello\r\n`
    await app.spool.put(Buffer.from(raw), INBOX)
    while ((await app.db.rows<{ done: number }>(ended))[0]!.done <= n) await delay(2)
    const took = performance.now() - began
    times.push(took)
    await delay(Math.max(0, PACE_MS - took))
  }
  say(quantile(times, 0.95))
  await app.stop()
}

async function addEndpoint(app: Awaited<ReturnType<typeof open>>, url: string) {
  const token = process.env.BENCH_TOKEN!
  const response = await app.http.app.inject({
    method: 'POST',
    url: '/api/plugins/webhooks/endpoints',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    payload: JSON.stringify({ url, events: ['*'] }),
  })
  if (response.statusCode !== 201) throw new Error(response.body)
}

async function measure(rounds: number) {
  await withFolder(async (dir) => {
    const script = import.meta.filename
    const { token, inboxId } = await makeDesk(path.join(dir, 'desk'))
    process.env.BENCH_TOKEN = token
    const round = async <T>(make: (count: number) => Promise<T>) => {
      const found: [T, T][] = []
      for (let n = -1; n < rounds; n++) {
        const pair: [T, T] = [await make(0), await make(10)]
        if (n >= 0) found.push(pair)
      }
      return found
    }
    headline(`plugins, ${rounds} rounds`)
    const starts = await round((count) => start<number>(script, 'start', path.join(dir, 'desk'), `${count}`))
    figure(
      'start, ten idle plugins (goal: + 50 ms)',
      `+ ${median(starts.map(([a, b]) => b - a)).toFixed(0)} ms`,
    )

    const emits = await round((count) => start<number>(script, 'emit', path.join(dir, 'desk'), `${count}`))
    figure('event, ten subscribers (goal: 1.5 ms)', `${median(emits.map(([a, b]) => b - a)).toFixed(2)} ms`)

    await seed(path.join(dir, 'desk'), inboxId)
    const rates = await round(async (count) => {
      const url = await start<string>(script, 'serve', path.join(dir, 'desk'), `${count}`)
      return (await load({ ...replies(token), url, seconds: 3 })).rate
    })
    figure('reply, ten idle plugins (goal: 0.90)', median(rates.map(([a, b]) => b / a)).toFixed(2))

    const silent = await receiver(() => {})
    const healthy = await receiver((_request, response) => void response.writeHead(204).end())
    const mails: number[] = []
    for (let n = 0; n < rounds; n++) {
      const time = async (receiver: string) => {
        const data = path.join(dir, `mail-${n}-${receiver === silent.url}`)
        process.env.BENCH_TOKEN = (await makeDesk(data)).token
        return start<number>(script, 'mail', data, receiver)
      }
      const answered = await time(healthy.url)
      mails.push((await time(silent.url)) / answered)
    }
    for (const { server } of [silent, healthy]) {
      server.closeAllConnections()
      server.close()
    }
    figure('mail p95, silent / answering receiver (1.1)', median(mails).toFixed(2))
  })
}

async function receiver(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

const replies = (token: string) => ({
  method: 'POST' as const,
  body: JSON.stringify({ text: 'Thank you for your message.' }),
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  paths: Array.from({ length: TICKETS }, (_, index) => `/api/tickets/${index + 1}/replies`),
  connections: 32,
})

async function seed(dir: string, inboxId: string) {
  const { db, desk, stop } = await open(dir, [], 'web')
  await db.transaction(async (tx) => {
    const requester = await contactByEmail(tx, 'Ann', 'ann@guest.example')
    const ticket = { subject: 'Hello', inboxId, channel: 'email', requesterId: requester.id }
    for (let n = 0; n < TICKETS; n++) await createTicket(tx, desk, { kind: 'system', id: null }, ticket)
  })
  await stop()
}

const [role, dir = '', given = ''] = process.argv.slice(2)
if (role === 'start') await startTime(dir, Number(given))
else if (role === 'emit') await emitting(dir, Number(given))
else if (role === 'serve') await serve(dir, Number(given))
else if (role === 'mail') await mailTime(dir, given)
else await measure(Number(role ?? 3))
