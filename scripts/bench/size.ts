// Bytes of a ticket, by table: mails through the real intake, a reply to each that waits for its delivery, on SQLite and,
// where BENCH_POSTGRES names an empty database or binaries are found, on PostgreSQL. `node dist/scripts/bench/size.js [tickets]`
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import type { App } from '../../src/app/app.js'
import { after, DAY } from '../../src/clock.js'
import { createSchema } from '../../src/testing/databases.js'
import { reply } from '../../src/tickets/reply.js'
import { figure, headline, INBOX, makeDesk, openDesk, withFolder } from './common.js'
import { startPostgres } from './postgres.js'

const tickets = Number(process.argv[2] ?? 20_000)
const BATCH = 500
const SENTENCES = [
  'The printer on the second floor does not print any more since this morning.',
  'Could you please change the address of the delivery, we have moved.',
  'I was charged twice for the order of last week and ask you for the money back.',
  'The shower of our room is cold again; please send somebody before the evening.',
]

await withFolder(async (dir) => {
  const server = await startPostgres()
  const { url, drop } = await createSchema(server.url)
  headline(`${tickets} tickets: a mail of 1 to 4 KB each, and a reply that waits`)
  await measure('PostgreSQL', path.join(dir, 'postgres'), { DATABASE_URL: url })
  await measure('SQLite', path.join(dir, 'sqlite'), {})
  await drop()
  await server.stop()
})

async function measure(name: string, dir: string, env: Record<string, string>) {
  const { agentId } = await makeDesk(dir, env)
  const app = await openDesk(dir, 'worker,intake', { ...env, LOG_LEVEL: 'error' })
  await app.start()
  const began = performance.now()
  for (let at = 0; at < tickets; at += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, tickets - at) }, (_, index) => mailOf(at + index))
    await app.spool.putMany(some.map((raw) => ({ raw, inbox: INBOX })))
    await until(app, at + some.length)
  }
  const seconds = (performance.now() - began) / 1000
  await answer(app, agentId)
  figure(`${name}: mails taken in`, `${(tickets / seconds).toFixed(0)} /s`)
  for (const [table, bytes] of await sizes(app)) if (bytes / tickets >= 1) tell(`${name}: ${table}`, bytes)
  tell(`${name}: blobs, bytes in the files`, folderSize(path.join(dir, 'blobs')))
  await app.stop()
}

function tell(what: string, bytes: number) {
  figure(what, `${(bytes / tickets).toFixed(0)} bytes a ticket`)
}

async function until(app: App, count: number) {
  for (let done = 0; done < count; ) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const [row] = await app.db.rows<{ done: number }>(
      sql`select count(*) as done from intakes where state <> 'received'`,
    )
    done = Number(row!.done)
  }
}

async function answer({ db, desk }: App, agentId: string) {
  for (let last = 0; ; ) {
    const rows = await db
      .select()
      .from(db.t.tickets)
      .where(sql`number > ${last}`)
      .orderBy(sql`number`)
      .limit(100)
    if (rows.length === 0) return
    await db.transaction(async (tx) => {
      for (const ticket of rows)
        await reply(tx, desk, { kind: 'agent', id: agentId }, ticket, {
          text: SENTENCES.join('\n'),
          sendAt: after(tx.now, DAY),
        })
    })
    last = rows.at(-1)!.number
  }
}

/** With their indexes, and what is kept outside of the rows. */
async function sizes({ db }: App): Promise<[string, number][]> {
  if (db.dialect.name === 'postgres') {
    const rows = await db.rows<{ name: string; bytes: string }>(
      sql`select relname as name, pg_total_relation_size(oid) as bytes from pg_class
        where relkind = 'r' and relnamespace = current_schema()::regnamespace order by 2 desc`,
    )
    const all = rows.map(({ name, bytes }) => [name, Number(bytes)] as [string, number])
    return [['all', all.reduce((sum, [, bytes]) => sum + bytes, 0)], ...all]
  }
  const rows = await db.rows<{ name: string; bytes: number }>(
    sql`select m.tbl_name as name, sum(s.pgsize) as bytes from dbstat s join sqlite_master m on m.name = s.name
      group by 1 order by 2 desc`,
  )
  return [
    ['all', rows.reduce((sum, { bytes }) => sum + bytes, 0)],
    ...rows.map(({ name, bytes }) => [name, bytes] as [string, number]),
  ]
}

function folderSize(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0)
}

function mailOf(index: number): Buffer {
  const sentence = SENTENCES[index % SENTENCES.length]!
  const guest = index % Math.ceil(tickets / 5)
  const head = [
    `From: "Guest ${guest}" <guest${guest}@customer.example>`,
    `To: <${INBOX}>`,
    `Date: ${new Date(Date.UTC(2026, 0, 5, 8) + index * 60_000).toUTCString()}`,
    `Message-ID: <${index}.${index * 7919}@mail.customer.example>`,
    `Subject: ${sentence.slice(0, 40)} ${index}`,
  ]
  const text = `Case ${index}\n\n${`${sentence}\n`.repeat(10 + ((index * 997) % 40))}`
  return Buffer.from(`${head.join('\n')}\n\n${text}`)
}
