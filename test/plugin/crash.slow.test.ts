// Plugins that take the process down with them, or block it: the real server, restarted as a supervisor would.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import t, { type Test } from 'tap'
import { prepare } from '../../src/app/database.js'
import { ROOT } from '../../src/app/root.js'
import { systemClock } from '../../src/clock.js'
import { openSqlite } from '../../src/db/sqlite.js'
import { openSpool } from '../../src/intake/spool.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder, pause } from '../support/databases.js'
import { INBOX } from '../support/intake.js'
import { mail } from '../support/mails.js'
import { NODE, nodeArgs } from '../support/node.js'

/** A plugin as a package of plain JavaScript, and a desk that lists it. */
async function deskWith(t: Test, setup: string) {
  const cwd = folder(t)
  const dir = path.join(cwd, 'data')
  const home = path.join(cwd, 'node_modules', 'bad')
  mkdirSync(home, { recursive: true })
  writeFileSync(path.join(cwd, 'package.json'), '{}')
  writeFileSync(path.join(home, 'package.json'), '{"name":"bad","type":"module","exports":"./index.js"}')
  writeFileSync(
    path.join(home, 'index.js'),
    `const event = (name) => ({ kind: 'event', name }), filter = (name) => ({ kind: 'filter', name })
     export default { name: 'bad', version: '1.0.0', api: '^1.0.0', setup(app) { ${setup} } }`,
  )
  const env = {
    ...{ ...process.env, FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', FRONTDESK_PLUGINS: 'bad' },
    ...{ PORT: '0', LOG_LEVEL: 'error' },
  }
  const spool = await openSpool(dir)
  const db = await prepare(openSqlite({ file: path.join(dir, 'frontdesk.db'), clock: systemClock }))
  await db.transaction((tx) => createInbox(tx, { address: INBOX }))
  await db.close()
  return {
    put: (n: number) =>
      spool.put(Buffer.from(mail({ subject: `mail ${n}`, id: `${n}@guest.example`, text: 'hello' })), INBOX),
    rows: (query: string) => {
      const file = new SqliteDriver(path.join(dir, 'frontdesk.db'), { readonly: true })
      const rows = file.prepare(query).all()
      file.close()
      return rows as Record<string, unknown>[]
    },
    start(): { child: ChildProcess; err: () => string; over: Promise<unknown> } {
      const child = spawn(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), 'start'), { env, cwd })
      t.teardown(() => child.kill('SIGKILL'))
      let err = ''
      child.stderr.on('data', (chunk) => {
        err += chunk
      })
      return { child, err: () => err, over: new Promise((resolve) => child.once('exit', resolve)) }
    },
  }
}

/** Looks five times a second: each look opens the database. */
async function until(what: () => boolean, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await pause(200)) if (what()) return true
  return what()
}

type Desk = Awaited<ReturnType<typeof deskWith>>

/** Starts it anew whenever it ended; answers how often it died before `done`. */
async function supervise({ start }: Desk, done: () => boolean): Promise<number> {
  for (let deaths = 0; ; deaths++) {
    const { child, over } = start()
    let gone = false
    void over.then(() => {
      gone = true
    })
    const ended = (await until(() => gone || done(), 30_000)) && !gone
    if (ended || deaths > 8) {
      child.kill('SIGTERM')
      await over
      return deaths
    }
  }
}

const stored = (desk: Desk) => desk.rows('select subject from messages').length

t.test(
  'a filter that kills the process twice is off at the third start, and the mails are stored',
  async (t) => {
    const desk = await deskWith(
      t,
      `app.filter(filter('receiveMessage'), 'killer', () => { process.kill(process.pid, 'SIGKILL') })`,
    )
    for (let n = 0; n < 3; n++) await desk.put(n)
    t.equal(await supervise(desk, () => stored(desk) === 3), 2)
    t.match(desk.rows('select plugin, handler, deaths, off from plugin_faults'), [
      { plugin: 'bad', handler: 'filter receiveMessage/killer', deaths: 2, off: 1 },
    ])
  },
)

t.test(
  'an event handler that kills the process is dead after three times, and not run at every start',
  async (t) => {
    const desk = await deskWith(
      t,
      `app.on(event('ticketCreated'), 'killer', async () => { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}) })`,
    )
    await desk.put(1)
    const dead = () => desk.rows("select name from jobs where state = 'dead'").length === 1
    t.ok((await supervise(desk, dead)) <= 4)
    t.equal(stored(desk), 1)
    t.match(desk.rows("select name, error from jobs where state = 'dead'"), [
      { name: 'ticketCreated:bad.killer', error: /the worker ended three times/ },
    ])
  },
)

t.test(
  'one that spins is named while it spins; one that hoards memory ends alone; mail is taken in',
  async (t) => {
    const desk = await deskWith(
      t,
      `app.on(event('ticketCreated'), 'spinner', async function spinner() {
       const until = Date.now() + 4000
       while (Date.now() < until);
     }, { attempts: 1 })
     app.on(event('messageReceived'), 'hoarder', async () => { await new Promise((go) => setTimeout(go, 5000)); globalThis.hoard = Array.from({ length: 8 }, () => new Array(8_000_000).fill(1.5)) })`,
    )
    await desk.put(1)
    const { child, err, over } = desk.start()
    t.ok(await until(() => /"handler":"on ticketCreated\/spinner"/.test(err()), 60_000), 'named')
    t.match(err(), /"plugin":"bad"/)
    await desk.put(2)
    t.ok(await until(() => stored(desk) === 2, 60_000), 'the next mail is stored')
    await pause(10)
    child.kill('SIGTERM')
    await over
  },
)
