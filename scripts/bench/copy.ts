// `frontdesk db copy` of 100,000 tickets with two messages each, to SQLite and, where FRONTDESK_BENCH_POSTGRES names an
// empty database, to PostgreSQL and back. `node dist/scripts/bench/copy.js [tickets]`
import { statSync } from 'node:fs'
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import { copyDesk } from '../../src/app/copy.js'
import { connect } from '../../src/app/database.js'
import { ROOT } from '../../src/app/root.js'
import { newId, systemClock } from '../../src/clock.js'
import { readConfig } from '../../src/config.js'
import { figure, headline, makeDesk, withFolder } from './common.js'

const TEXT =
  'The shower of our room has been cold since this morning, and nobody answers the phone at the desk. '.repeat(
    8,
  )

/** Tickets with the rows that hang on them, about as a mail makes them. */
function seed(file: string, inboxId: string, count: number) {
  const db = new SqliteDriver(file)
  const contact = db.prepare('insert into contacts values (?, 1, ?, null, ?, ?, ?)')
  const ticket = db.prepare(
    `insert into tickets (number, id, version, subject, status, priority, channel, inbox_id, requester_id, tags,
       created_at, updated_at, last_message_at) values (?, ?, 1, ?, 'open', 'normal', 'email', ?, ?, '["room"]', ?, ?, ?)`,
  )
  const message = db.prepare(
    `insert into messages (id, ticket_id, direction, channel, contact_id, subject, text, html, folded, "from", "to", cc,
       message_id, date, warnings, created_at)
     values (?, ?, 'in', 'email', ?, ?, ?, '', '[]', '{"name":"G","address":"g@guest.example"}', '[]', '[]', ?, ?, '[]', ?)`,
  )
  const messageId = db.prepare("insert into message_ids values ('default', ?, ?)")
  const word = db.prepare('insert into ticket_words values (?, ?)')
  const timeline = db.prepare(
    `insert into timeline (ticket_id, at, type, actor_kind, data) values (?, ?, 'created', 'contact', '{"by":"mail"}')`,
  )
  const from = Date.now() - count * 60_000
  db.transaction(() => {
    for (let n = 1; n <= count; n++) {
      const [id, who, at] = [newId(), newId(), from + n * 60_000]
      contact.run(who, `Guest ${n}`, '', at, at)
      ticket.run(n, id, `The shower of room ${n} is cold`, inboxId, who, at, at, at)
      for (const text of ['shower', 'room', 'cold', `${n}`]) word.run(text, n)
      for (let m = 0; m < 2; m++) {
        const own = newId()
        message.run(own, id, who, `Room ${n}`, TEXT, `<${own}@guest.example>`, at, at)
        messageId.run(own.repeat(2), own)
        timeline.run(id, at)
      }
    }
  })()
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
}

async function measure(count: number) {
  await withFolder(async (dir) => {
    const { inboxId } = await makeDesk(dir)
    const file = path.join(dir, 'frontdesk.db')
    seed(file, inboxId, count)
    headline(`db copy of ${count} tickets, ${(statSync(file).size / 1e6).toFixed(0)} MB`)
    const run = async (name: string, from: string, to: string) => {
      const open = (url: string) =>
        connect(readConfig({ FRONTDESK_DATA: dir, DATABASE_URL: url }, ROOT), systemClock)
      const [source, target] = [await open(from), await open(to)]
      const begun = performance.now()
      const cpu = process.cpuUsage()
      let copied = begun
      const { tables, same } = await copyDesk({
        ...{ from: source, to: target, plugins: [] },
        tell: () => {
          copied = performance.now()
        },
      })
      const ended = performance.now()
      const { user, system } = process.cpuUsage(cpu)
      await source.close()
      await target.close()
      if (!same) throw new Error(`${name}: the copy is not the same`)
      const rows = tables.reduce((sum, table) => sum + table.to.rows, 0)
      figure(`${name}: copied`, `${(rows / ((copied - begun) / 1000)).toFixed(0)} rows/s`)
      figure(`${name}: compared, both sides`, `${(rows / ((ended - copied) / 1000)).toFixed(0)} rows/s`)
      figure(`${name}: ${rows} rows in all`, `${((ended - begun) / 1000).toFixed(1)} s`)
      figure(`${name}: of that, CPU of this process`, `${((user + system) / 1e6).toFixed(1)} s`)
    }
    const memory = () => figure('memory of the process', `${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`)
    await run('SQLite to SQLite', `sqlite:${file}`, `sqlite:${path.join(dir, 'copy.db')}`)
    memory()
    const server = process.env.FRONTDESK_BENCH_POSTGRES
    if (!server) return
    await run('SQLite to PostgreSQL', `sqlite:${file}`, server)
    await run('PostgreSQL to SQLite', server, `sqlite:${path.join(dir, 'back.db')}`)
    memory()
  })
}

await measure(Number(process.argv[2] ?? 100_000))
