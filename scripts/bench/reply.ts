// POST /api/tickets/:id/replies, durable (synchronous=FULL), 32 clients, beside a bare Fastify route that writes one
// ticket row and one message row with a group commit of its own. `node dist/scripts/bench/reply.js [rounds]`
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import Fastify from 'fastify'
import { newId } from '../../src/clock.js'
import { contactByEmail } from '../../src/people/contacts.js'
import { createTicket } from '../../src/tickets/create.js'
import { figure, headline, load, makeDesk, median, openDesk, say, start, withFolder } from './common.js'

const CLIENTS = 32
const TICKETS = 1_000
const body = JSON.stringify({
  text: 'Thank you for your message. We are sorry about the cold shower: somebody will come to you this evening.\n\nYour desk',
})

async function measure(rounds: number) {
  await withFolder(async (dir) => {
    const { token, inboxId } = await makeDesk(path.join(dir, 'desk'))
    await seed(path.join(dir, 'desk'), inboxId)
    await makeDesk(path.join(dir, 'bare'))
    const request = { method: 'POST', body, connections: CLIENTS } as const
    const json = { 'content-type': 'application/json' }
    const desk = {
      ...{ ...request, url: await start<string>(import.meta.filename, 'desk', path.join(dir, 'desk')) },
      headers: { ...json, authorization: `Bearer ${token}` },
      paths: Array.from({ length: TICKETS }, (_, index) => `/api/tickets/${index + 1}/replies`),
    }
    const bare = {
      ...{ ...request, url: await start<string>(import.meta.filename, 'bare', dir) },
      headers: json,
      paths: Array.from({ length: TICKETS }, (_, index) => `/tickets/${index + 1}/replies`),
    }
    const rates = { desk: [] as number[], bare: [] as number[] }
    for (let round = -1; round < rounds; round++)
      for (const [name, server] of [['desk', desk] as const, ['bare', bare] as const]) {
        const { rate } = await load({ ...server, seconds: round < 0 ? 2 : 3 })
        if (round >= 0) rates[name].push(rate)
      }
    headline(`POST /api/tickets/:id/replies, synchronous=FULL, ${CLIENTS} clients, ${rounds} rounds`)
    figure('frontdesk', `${median(rates.desk).toFixed(0)} /s`)
    figure('bare route, two raw inserts, group commit', `${median(rates.bare).toFixed(0)} /s`)
    figure(
      'ratio (goal: 0.60 or more)',
      median(rates.desk.map((rate, at) => rate / rates.bare[at]!)).toFixed(2),
    )
  })
}

async function seed(dir: string, inboxId: string) {
  const { db, desk, settings, stop } = await openDesk(dir, 'web')
  await db.transaction(async (tx) => {
    // No delivery falls due within the run; the job rows are written all the same.
    await settings.set(tx, 'replies.undoSeconds', 600, null)
    for (let index = 0; index < TICKETS; index++) {
      const requester = await contactByEmail(tx, `Guest ${index}`, `guest${index}@customer.example`)
      const ticket = { subject: `The shower of room ${index} is cold`, inboxId, channel: 'email' }
      const actor = { kind: 'contact', id: requester.id } as const
      await createTicket(tx, desk, actor, { ...ticket, requesterId: requester.id })
    }
  })
  await stop()
}

async function serveBare(dir: string) {
  const db = new SqliteDriver(path.join(dir, 'bare', 'frontdesk.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('cache_size = -32768')
  const ticket = db.prepare(`insert into tickets (id, version, subject, status, priority, channel, inbox_id,
    requester_id, tags, created_at, updated_at, last_message_at, last_public_message_id)
    values (?, 1, ?, 'open', 'normal', 'email', ?, ?, '[]', ?, ?, ?, ?)`)
  const message =
    db.prepare(`insert into messages (id, ticket_id, direction, channel, agent_id, subject, text, html,
    folded, "from", "to", cc, message_id, warnings, delivery, send_at, created_at)
    values (?, ?, 'out', 'email', ?, ?, ?, '', '[]', ?, ?, '[]', ?, '[]', 'queued', ?, ?)`)
  const committed = groupCommit(db)
  const text = { type: 'string' }
  const answer = {
    ...{ id: text, ticketId: text, direction: text, text, messageId: text },
    createdAt: { type: 'string', format: 'date-time' },
  }
  const [inboxId, requesterId, agentId] = [newId(), newId(), newId()]
  const subject = 'The shower of room 12 is cold'
  const sender = '{"name":"Desk","address":"support@desk.example"}'
  const recipients = '[{"name":"Guest","address":"guest@customer.example"}]'
  const app = Fastify()
  const schema = {
    body: {
      ...{ type: 'object', required: ['text'], additionalProperties: false },
      properties: { text: { type: 'string', minLength: 1, maxLength: 500_000 } },
    },
    response: { 201: { type: 'object', properties: answer } },
  }
  app.post('/tickets/:id/replies', { schema }, async (request, reply) => {
    const { text } = request.body as { text: string }
    const now = new Date()
    const row = { id: newId(), ticketId: newId(), direction: 'out', text, createdAt: now }
    const messageId = `fd.${row.id}@desk.example`
    const at = now.getTime()
    await committed(() => {
      ticket.run(row.ticketId, subject, inboxId, requesterId, at, at, at, row.id)
      message.run(row.id, row.ticketId, agentId, subject, text, sender, recipients, messageId, at, at)
    })
    reply.code(201)
    return { ...row, messageId }
  })
  say(await app.listen({ port: 0, host: '127.0.0.1' }))
}

/** All requests that wait share one BEGIN … COMMIT. */
function groupCommit(db: SqliteDriver.Database) {
  const [begin, commit] = ['begin immediate', 'commit'].map((text) => db.prepare(text))
  let waiting: { write: () => void; resolve: () => void }[] = []
  const flush = () => {
    const batch = waiting
    waiting = []
    begin!.run()
    for (const { write } of batch) write()
    commit!.run()
    for (const { resolve } of batch) resolve()
  }
  return (write: () => void) =>
    new Promise<void>((resolve) => {
      if (waiting.push({ write, resolve }) === 1) setImmediate(flush)
    })
}

const [role, dir] = process.argv.slice(2)
if (role === 'desk') say(await (await openDesk(dir!)).start())
else if (role === 'bare') await serveBare(dir!)
else await measure(Number(role ?? 5))
