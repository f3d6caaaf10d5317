// A drill: backups of the real server while mail comes in by the pipe and agents write, restored elsewhere. All that was
// acknowledged before a backup began is there, with all its bytes.
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import SqliteDriver from 'better-sqlite3'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { sha256 } from '../../src/settings/secrets.js'
import { folder, pause, until } from '../support/databases.js'
import { mail } from '../support/mails.js'
import { NODE, nodeArgs } from '../support/node.js'
import { endServer, startServer } from '../support/server.js'

const INBOX = 'help@desk.example'
const BACKUPS = 3
const LOAD_MS = 1500

t.test('backups under load lose nothing that was acknowledged before they began', async (t) => {
  const root = folder(t)
  const dir = path.join(root, 'data')
  const envOf = (data: string) => ({
    ...process.env,
    ...{ FRONTDESK_DATA: data, FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'error' },
  })
  const frontdesk = async (data: string, ...args: string[]) =>
    (
      await promisify(execFile)(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), ...args), {
        ...{ env: envOf(data), maxBuffer: 1e8 },
      })
    ).stdout
  await frontdesk(dir, 'inbox', 'create', INBOX)
  await frontdesk(dir, 'agent', 'create', 'a@desk.example', '--name', 'A', '--role', 'admin')
  const token = /fd_\S+/.exec(
    await frontdesk(dir, 'token', 'create', '--agent', 'a@desk.example', '--name', 'drill'),
  )![0]
  const server = await startServer(t, envOf(dir))

  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/api/inboxes`, { headers })
  const inboxId = ((await answer.json()) as { items: { id: string }[] }).items[0]!.id

  /** Bytes of what the pipe has taken, by subject. */
  const taken = new Map<string, string>()
  const written: string[] = []
  let stop = false
  const byPipe = async (stream: number) => {
    for (let n = 0; !stop; n++) {
      const subject = `mail ${stream}-${n}`
      const raw = mail({ subject, id: `${stream}.${n}@guest.example`, text: `${subject} `.repeat(n % 400) })
      await pipe(dir, raw)
      taken.set(subject, raw)
    }
  }
  const byRest = async () => {
    for (let n = 0; !stop; n++) {
      const response = await fetch(`${server.url}/api/tickets`, {
        method: 'POST',
        headers,
        body: JSON.stringify({
          ...{ inboxId, subject: `call ${n}`, message: `they called ${n} times` },
          requester: { name: 'Caller', address: `caller${n}@guest.example` },
        }),
      })
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
      written.push(`call ${n}`)
    }
  }
  const load = Promise.all([byPipe(0), byPipe(1), byRest()])
  load.catch(() => {})
  t.teardown(() => {
    stop = true
  })

  const backups: { folder: string; mails: Map<string, string>; calls: string[] }[] = []
  for (let n = 0; n < BACKUPS; n++) {
    await pause(LOAD_MS)
    const mails = new Map(taken)
    const calls = [...written]
    const out = await frontdesk(dir, 'backup', path.join(root, 'backups'))
    backups.push({ folder: /^backup: (.+)$/m.exec(out)![1]!, mails, calls })
  }
  stop = true
  await load
  await endServer(server.process, 'SIGTERM')
  t.ok(backups[0]!.mails.size > 5 && backups[0]!.calls.length > 5, 'there was a load')
  t.comment(`${taken.size} mails, ${written.length} calls while ${BACKUPS} backups were made`)

  for (const [n, { folder: from, mails, calls }] of backups.entries()) {
    t.match(await frontdesk(dir, 'backup', 'verify', from), /is whole/)
    const to = path.join(root, `restored-${n}`)
    t.match(await frontdesk(to, 'restore', from), /restored/)
    const file = path.join(to, 'frontdesk.db')
    const restored = await startServer(t, envOf(to))
    const subjects = () => {
      const db = new SqliteDriver(file, { readonly: true })
      const found = db
        .prepare(
          `select m.subject as subject, i.raw_hash as hash from messages m left join intakes i on i.id = m.intake_id`,
        )
        .all() as { subject: string; hash: string | null }[]
      db.close()
      return new Map(found.map(({ subject, hash }) => [subject, hash]))
    }
    const missing = () => {
      const there = subjects()
      return [...mails.keys(), ...calls].filter((subject) => !there.has(subject))
    }
    await until(() => missing().length === 0, 30_000)
    t.same(missing(), [], `all of the ${mails.size} mails and ${calls.length} calls are in backup ${n}`)
    const stored = subjects()
    const blob = (hash: string) => readFileSync(path.join(to, 'blobs', hash.slice(0, 2), hash))
    let bytes = 0
    for (const [subject, raw] of mails) {
      const found = blob(stored.get(subject)!).toString('latin1')
      if (found.endsWith(Buffer.from(raw).toString('latin1'))) bytes++
    }
    t.equal(bytes, mails.size, 'with all their bytes')
    const answer = await fetch(`${restored.url}/api/tickets?limit=1`, {
      headers: { authorization: `Bearer ${token}` },
    })
    t.equal(answer.status, 200, 'it answers to the old token')
    await pipe(to, mail({ subject: 'after the restore', id: 'after@guest.example' }))
    t.ok(await until(() => subjects().has('after the restore'), 20_000), 'and takes new mail')
    await endServer(restored.process, 'SIGTERM')

    const db = new SqliteDriver(file)
    t.equal(db.pragma('integrity_check', { simple: true }), 'ok')
    const hashes = db
      .prepare<[], string>('select raw_hash from intakes union select hash from attachments')
      .pluck()
      .all()
    t.same(
      hashes.filter((hash) => sha256(blob(hash)) !== hash),
      [],
      'the blob of every row is there',
    )
    t.same(db.prepare('select subject from messages group by subject having count(*) > 1').all(), [])
    db.close()
  }
})

function pipe(data: string, raw: string): Promise<void> {
  const child = spawn(path.join(ROOT, 'bin', 'frontdesk-pipe'), ['--data', data, '--inbox', INBOX], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  child.stdin.end(raw)
  return new Promise((resolve, reject) =>
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`the pipe ended with ${code}`)))),
  )
}
