// GET /api/tickets (the 50 newest) at 100,000 tickets, beside a bare Fastify route that runs one prepared statement
// on the same database file. `node dist/scripts/bench/list.js [rounds]`; the servers take turns.
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import Fastify from 'fastify'
import { newId } from '../../src/clock.js'
import { figure, headline, load, makeDesk, median, openDesk, say, start, withFolder } from './common.js'

const MANY = 100_000
const FEW = 1_000

const databaseOf = (dir: string) => path.join(dir, 'frontdesk.db')

async function measure(rounds: number) {
  await withFolder(async (dir) => {
    const many = await startDesk(path.join(dir, 'many'), MANY)
    const few = await startDesk(path.join(dir, 'few'), FEW)
    const bare = {
      url: await start<string>(import.meta.filename, 'bare', path.join(dir, 'many')),
      headers: {},
    }
    const servers = { many, few, bare }
    const rates = { many: [] as number[], few: [] as number[], bare: [] as number[] }
    const tails = { many: [] as number[], few: [] as number[], bare: [] as number[] }
    for (let round = -1; round < rounds; round++)
      for (const name of ['many', 'bare', 'few'] as const) {
        const { rate, p99 } = await load({ ...servers[name], connections: 10, seconds: round < 0 ? 2 : 3 })
        if (round < 0) continue
        rates[name].push(rate)
        tails[name].push(p99)
      }
    const ratio = median(rates.many.map((rate, round) => rate / rates.bare[round]!))
    const growth = median(tails.many) / median(tails.few)
    headline(`GET /api/tickets, the 50 newest of ${MANY}, ${rounds} rounds`)
    figure('frontdesk', `${median(rates.many).toFixed(0)} /s`)
    figure('bare route, one raw statement', `${median(rates.bare).toFixed(0)} /s`)
    figure('ratio (goal: 0.60 or more)', ratio.toFixed(2))
    figure(`p99 at ${MANY} tickets`, `${median(tails.many).toFixed(2)} ms`)
    figure(`p99 at ${FEW} tickets`, `${median(tails.few).toFixed(2)} ms`)
    figure('ratio of p99 (goal: 1.3 or less)', growth.toFixed(2))
  })
}

async function startDesk(dir: string, count: number) {
  const desk = await makeDesk(dir)
  seed(databaseOf(dir), desk.inboxId, count)
  const url = await start<string>(import.meta.filename, 'desk', dir)
  return { url: `${url}/api/tickets`, headers: { authorization: `Bearer ${desk.token}` } }
}

/** Tickets of many requesters in every status, with the rows that hang on them. */
function seed(file: string, inboxId: string, count: number) {
  const db = new SqliteDriver(file)
  const contact = db.prepare('insert into contacts values (?, 1, ?, null, ?, ?, ?)')
  const ticket = db.prepare(
    `insert into tickets (id, version, subject, status, priority, channel, inbox_id, requester_id, tags,
       created_at, updated_at, last_message_at) values (?, 1, ?, ?, ?, 'email', ?, ?, ?, ?, ?, ?)`,
  )
  const word = db.prepare('insert into ticket_words values (?, ?)')
  const participant = db.prepare("insert into participants values (?, ?, 'requester')")
  const statuses = ['new', 'open', 'pending', 'solved', 'closed']
  const from = Date.now() - count * 60_000
  db.transaction(() => {
    const contacts = Array.from({ length: Math.ceil(count / 20) }, (_, index) => {
      const id = newId()
      contact.run(id, `Guest ${index}`, '', from, from)
      return id
    })
    for (let index = 0; index < count; index++) {
      const id = newId()
      const requester = contacts[(index * 7919) % contacts.length]!
      const at = from + index * 60_000
      const subject = `The shower of room ${index % 500} is cold again, please send somebody`
      const tags = index % 10 === 0 ? '["vip","room"]' : '[]'
      const priority = index % 20 === 0 ? 'high' : 'normal'
      const { lastInsertRowid } = ticket.run(
        ...[id, subject, statuses[index % 5], priority, inboxId, requester, tags, at, at, at],
      )
      for (const text of ['shower', 'room', `${index % 500}`, 'cold']) word.run(text, lastInsertRowid)
      participant.run(id, requester)
    }
  })()
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
}

async function serveBare(dir: string) {
  const db = new SqliteDriver(databaseOf(dir), { readonly: true })
  db.pragma('cache_size = -32768')
  db.pragma('mmap_size = 268435456')
  const newest = db.prepare(
    `select t.id, t.number, t.version, t.subject, t.status, t.priority, t.channel, t.inbox_id as inboxId,
       t.requester_id as requesterId, c.name as requesterName, t.assignee_id as assigneeId, t.team_id as teamId,
       t.tags, t.created_at as createdAt, t.updated_at as updatedAt, t.last_message_at as lastMessageAt
     from tickets t join contacts c on c.id = t.requester_id order by t.number desc limit 50`,
  )
  const text = { type: 'string' }
  const instant = { type: 'string', format: 'date-time' }
  const item = {
    ...{ id: text, number: { type: 'integer' }, version: { type: 'integer' }, subject: text, status: text },
    ...{ priority: text, channel: text, inboxId: text, requesterId: text, requesterName: text },
    ...{ assigneeId: { ...text, nullable: true }, teamId: { ...text, nullable: true } },
    ...{ tags: { type: 'array', items: text }, createdAt: instant, updatedAt: instant },
    lastMessageAt: { ...instant, nullable: true },
  }
  const items = { type: 'array', items: { type: 'object', properties: item } }
  const app = Fastify()
  app.get(
    '/tickets',
    { schema: { response: { 200: { type: 'object', properties: { items } } } } },
    async () => ({
      items: (newest.all() as Record<string, string & number>[]).map((row) => ({
        ...row,
        tags: JSON.parse(row.tags!),
        createdAt: new Date(row.createdAt!),
        updatedAt: new Date(row.updatedAt!),
        lastMessageAt: row.lastMessageAt === null ? null : new Date(row.lastMessageAt!),
      })),
    }),
  )
  say(`${await app.listen({ port: 0, host: '127.0.0.1' })}/tickets`)
}

const [role, dir] = process.argv.slice(2)
if (role === 'desk') say(await (await openDesk(dir!)).start())
else if (role === 'bare') await serveBare(dir!)
else await measure(Number(role ?? 5))
