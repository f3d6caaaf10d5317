// PostgreSQL for a bench: the server that BENCH_POSTGRES names, or one of its own with its default settings (so with
// fsync), which is gone afterwards.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { endLater, freePort } from './common.js'
import { parentOf } from './cpu.js'

export interface PostgresServer {
  url: string
  /** Of its main process; -1 where it runs on another machine. */
  pid: number
  stop(): Promise<void>
}

const VERSIONS = '/usr/lib/postgresql'

export async function startPostgres(): Promise<PostgresServer> {
  const { BENCH_POSTGRES } = process.env
  if (BENCH_POSTGRES)
    return { url: BENCH_POSTGRES, pid: await mainProcess(BENCH_POSTGRES), stop: async () => {} }
  const bin = path.join(VERSIONS, readdirSync(VERSIONS).sort().at(-1)!, 'bin')
  const dir = mkdtempSync(path.join(os.tmpdir(), 'frontdesk-postgres-'))
  const data = path.join(dir, 'data')
  const user = otherUser()
  chmodSync(dir, 0o755)
  mkdirSync(data, { mode: 0o700 })
  if (user) chownSync(data, user.uid, user.gid)
  const port = await freePort()
  execFileSync(
    path.join(bin, 'initdb'),
    ['--pgdata', data, '--username', 'frontdesk', '--auth', 'trust', '--encoding', 'UTF8', '--no-locale'],
    { ...user, stdio: 'ignore', cwd: '/' },
  )
  const server = spawn(
    path.join(bin, 'postgres'),
    ['-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-k', data, '-c', 'log_min_messages=fatal'],
    { ...user, stdio: 'ignore', cwd: '/' },
  )
  // Fast: it does not wait for who is still connected.
  endLater(server, 'SIGINT')
  server.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const url = `postgres://frontdesk@127.0.0.1:${port}/postgres`
  for (let tries = 0; ; tries++) {
    if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`)
    const ready = await mainProcess(url).catch(() => undefined)
    if (ready !== undefined) break
    if (tries > 300) throw new Error('postgres does not answer')
    await pause(100)
  }
  const stop = async () => {
    server.kill('SIGINT')
    await once(server, 'exit')
  }
  return { url, pid: server.pid!, stop }
}

/** PostgreSQL refuses to run as root. */
function otherUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']))
  return { uid: id('-u'), gid: id('-g') }
}

async function mainProcess(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return parentOf(rows[0]!.pid)
  } finally {
    await client.end()
  }
}
