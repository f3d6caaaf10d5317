// What the benches share: a desk on a temporary folder, servers in processes of their own, the load, the figures.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { eq } from 'drizzle-orm'
import { type App, createApp } from '../../src/app/app.js'
import { openDatabase } from '../../src/app/database.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { DAY, newId, systemClock } from '../../src/clock.js'
import { readConfig } from '../../src/config.js'
import type { Db } from '../../src/db/types.js'
import { createToken } from '../../src/people/tokens.js'
import { createInbox } from '../../src/tickets/inboxes.js'

export const INBOX = 'support@desk.example'

export const openDesk = (
  dir: string,
  roles = 'web,worker,intake',
  more: Record<string, string> = {},
): Promise<App> => {
  const env = { FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', ROLES: roles, ...more }
  return createApp({ config: readConfig(env, ROOT), log: createLog('warn', 2) })
}

/** A desk with one inbox and an administrator. */
export async function makeDesk(
  dir: string,
  more?: Record<string, string>,
): Promise<{ token: string; inboxId: string; agentId: string }> {
  const app = await openDesk(dir, undefined, more)
  const made = await app.db.transaction(async (tx) => {
    const { agents, roles } = tx.t
    const [role] = await tx.select().from(roles).where(eq(roles.name, 'admin'))
    const row = { id: newId(), name: 'Admin', email: 'admin@desk.example', passwordHash: null, active: true }
    await tx.insert(agents).values({ ...row, roleId: role!.id, createdAt: tx.now })
    const { token } = await createToken(tx, { agentId: row.id, name: 'bench', kind: 'token', lifeMs: DAY })
    return { token, inboxId: (await createInbox(tx, { address: INBOX })).id, agentId: row.id }
  })
  await app.stop()
  return made
}

/** A ledger alone: SQLite in the folder, or the database that BENCH_POSTGRES names. */
export function openLedger(dir: string): Promise<Db> {
  const { BENCH_POSTGRES } = process.env
  const env = { FRONTDESK_DATA: dir, ...(BENCH_POSTGRES && { DATABASE_URL: BENCH_POSTGRES }) }
  return openDatabase(readConfig(env, ROOT), systemClock)
}

/** The server that BENCH_REDIS names, or one of its own that is gone with the folder. */
export async function startRedis(dir: string): Promise<string> {
  const { BENCH_REDIS } = process.env
  if (BENCH_REDIS) return BENCH_REDIS
  const port = await freePort()
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--save', '', '--appendonly', 'yes', '--dir', dir],
    {
      stdio: 'ignore',
    },
  )
  endLater(server)
  const failed = once(server, 'error').then(([error]) => Promise.reject(error))
  await Promise.race([failed, once(server, 'spawn')])
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (open) return `redis://127.0.0.1:${port}`
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Runs `work` with a folder of its own, which is gone afterwards, and the processes it started too. */
export async function withFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'frontdesk-bench-'))
  // Whoever stops the bench stops its servers too.
  process.once('SIGTERM', () => {
    endChildren()
    process.exit(143)
  })
  try {
    await work(dir)
  } finally {
    endChildren()
    rmSync(dir, { recursive: true, force: true })
  }
}

const children = new Map<ChildProcess, NodeJS.Signals>()

function endChildren() {
  for (const [child, signal] of children) child.kill(signal)
}

/** It is ended when the work in the folder is over. */
export function endLater(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): void {
  children.set(child, signal)
  child.once('exit', () => children.delete(child))
}

/** This same script again, in another process; resolves with the first thing it says. */
export async function start<Said>(script: string, ...args: string[]): Promise<Said> {
  const child = fork(script, args)
  endLater(child)
  const exit = once(child, 'exit').then(([code]) => {
    if (code) throw new Error(`${args[0]} ended with ${code}`)
  })
  const [said] = await Promise.race([once(child, 'message'), exit.then(() => [undefined])])
  return said as Said
}

export const say = (value: unknown) => process.send!(value)

export interface Load {
  url: string
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  /** One of these is taken in turn, instead of `url`. */
  paths?: string[]
  connections: number
  seconds: number
}

/** What is used of autocannon, which brings no types. */
interface Run extends PromiseLike<{ '2xx': number; non2xx: number; errors: number; duration: number }> {
  on(event: 'response', listener: (client: unknown, status: number, bytes: number, ms: number) => void): void
}
const autocannon = createRequire(import.meta.url)('autocannon') as (options: object) => Run

/** Requests per second, and the milliseconds below which 99 of 100 answers came. */
export async function load({ seconds, paths, ...options }: Load): Promise<{ rate: number; p99: number }> {
  const requests = paths?.map((path) => ({ path }))
  const run = autocannon({ ...options, duration: seconds, ...(requests && { requests }) })
  const times: number[] = []
  run.on('response', (_client, _status, _bytes, ms) => times.push(ms))
  const { non2xx, errors, duration, '2xx': answers } = await run
  if (non2xx + errors > 0) throw new Error(`${options.url}: ${non2xx} refused, ${errors} failed`)
  return { rate: answers / duration, p99: quantile(times, 0.99) }
}

export const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ??
  Number.NaN
export const median = (values: readonly number[]): number => quantile(values, 0.5)

export function headline(text: string): void {
  console.log(`${text}; ${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}`)
}
export const figure = (name: string, value: string) => console.log(`${name.padEnd(46)} ${value.padStart(12)}`)
