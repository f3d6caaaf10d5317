// The real server in a process of its own, killed with kill -9 again and again while mail comes in: each mail that
// the spool took is stored exactly once.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import SqliteDriver from 'better-sqlite3'
import t, { type Test } from 'tap'
import { prepare } from '../../src/app/database.js'
import { ROOT } from '../../src/app/root.js'
import { systemClock } from '../../src/clock.js'
import { openSqlite } from '../../src/db/sqlite.js'
import { openSpool } from '../../src/intake/spool.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder, pause, until } from '../support/databases.js'
import { INBOX } from '../support/intake.js'
import { mail } from '../support/mails.js'
import { NODE, nodeArgs } from '../support/node.js'

const MAILS = 150
const KILLS = 3
const bin = path.join(ROOT, 'bin', 'frontdesk')

t.test('a server that is killed while mail comes in stores each mail exactly once', async (t) => {
  const dir = path.join(folder(t), 'data')
  const env = { ...process.env, FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'error' }
  const run = async (...args: string[]) =>
    (await promisify(execFile)(NODE, nodeArgs(bin, ...args), { env, maxBuffer: 1e7 })).stdout
  const spool = await openSpool(dir)
  const desk = await prepare(openSqlite({ file: path.join(dir, 'frontdesk.db'), clock: systemClock }))
  await desk.transaction((tx) => createInbox(tx, { address: INBOX }))
  await desk.close()

  let stop = false
  let put = 0
  const feeding = (async () => {
    for (; put < MAILS && !stop; put++) {
      const subject = `mail ${put}`
      // Several from each sender: these are stored in order, one waiting for the other.
      const from = `Guest <guest${put % 10}@guest.example>`
      await spool.put(
        Buffer.from(mail({ subject, from, id: `${put}@guest.example`, text: `${put} `.repeat(2000) })),
        INBOX,
      )
      await pause(5)
    }
  })()
  t.teardown(async () => {
    stop = true
    await feeding
  })

  for (let kill = 0; kill < KILLS; kill++) {
    const server = await startServer(t, env)
    // Between "it has just begun" and "it is in the middle of it".
    await pause(kill * 60)
    await end(server, 'SIGKILL')
  }
  const server = await startServer(t, env)
  await feeding
  t.equal(put, MAILS)
  const subjects = () => {
    const db = new SqliteDriver(path.join(dir, 'frontdesk.db'), { readonly: true })
    const rows = db.prepare('select subject from messages').pluck().all()
    db.close()
    return rows
  }
  await until(() => subjects().length >= MAILS, 30_000)
  await end(server, 'SIGTERM')

  const lines = (await run('messages', '--jsonl'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.same(
    lines.map(({ subject }) => subject).sort(),
    Array.from({ length: MAILS }, (_, i) => `mail ${i}`).sort(),
  )
  t.same(readdirSync(path.join(dir, 'spool', 'new')), [])
  const db = new SqliteDriver(path.join(dir, 'frontdesk.db'))
  t.equal(db.pragma('integrity_check', { simple: true }), 'ok')
  t.same(db.prepare("select id, state, error from jobs where name = 'intake'").all(), [])
  t.same(db.prepare('select state, count(*) as count from intakes group by state').all(), [
    { state: 'opened', count: MAILS },
  ])
  db.close()
})

/** Resolves when it listens. */
async function startServer(t: Test, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const server = spawn(NODE, nodeArgs(bin, 'start'), { env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => server.kill('SIGKILL'))
  let output = ''
  server.stderr.on('data', (chunk) => {
    output += chunk
  })
  const up = await new Promise<boolean>((resolve) => {
    server.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('listens on')) resolve(true)
    })
    server.once('exit', () => resolve(false))
  })
  t.ok(up, up ? 'it starts on what the one before left' : output)
  return server
}

async function end(server: ChildProcess, signal: NodeJS.Signals) {
  if (server.exitCode !== null || server.signalCode !== null) return
  const over = new Promise((resolve) => server.once('exit', resolve))
  server.kill(signal)
  await over
}
