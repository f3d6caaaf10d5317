// SQLite: one writer connection behind a queue with group commit, and a second, read-only connection that sees
// only what is committed. drizzle's own transaction() does not roll back an async callback and is not used.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import SqliteDriver from 'better-sqlite3'
import { type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { Clock } from '../clock.js'
import { fail } from '../errors.js'
import { createAnnouncer } from './announcer.js'
import { compile } from './compile.js'
import { connection, Handle } from './handle.js'
import { sqliteKit } from './kit.js'
import { coreTables } from './tables/index.js'
import type { Db, Dialect, Queries, TransactionOptions, Tx } from './types.js'

type File = SqliteDriver.Database

const dialect: Dialect = {
  name: 'sqlite',
  oneWriter: true,
  snapshot: null,
  ahead: null,
  skipLocked: sql``,
  isUniqueViolation: (error) => /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)/.test(codeOf(error)),
}

export interface SqliteOptions {
  file: string
  clock: Clock
  /** How long to wait, without blocking the event loop, for another process that writes. Milliseconds. */
  busyMs?: number
  /** Milliseconds a batch may collect callers before it is committed. */
  batchMs?: number
  /** Makes a connection; a test gives one whose n-th statement fails. */
  connect?: Connect
}

type Connect = (file: string, options: SqliteDriver.Options) => File

export function openSqlite({
  file,
  clock,
  busyMs = 65_000,
  batchMs = 20,
  connect = (...args) => new SqliteDriver(...args),
}: SqliteOptions): Db {
  const writer = openFile(connect, file, false)
  const reader = openFile(connect, file, true)
  const t = coreTables(sqliteKit())
  const inside = new AsyncLocalStorage<{ check(): void }>()
  const outsideOnly = () => {
    if (inside.getStore()) throw new Error('db was used inside a transaction: use its tx')
  }
  const announcer = createAnnouncer()
  // A query that was begun in a transaction can be run after its end: then it would write into that of others.
  const write = connectionOf(writer, () => inside.getStore()?.check())
  const queue = createWriteQueue({ writer, busyMs, batchMs })

  const db = new Handle(connectionOf(reader), t, dialect, clock.now(), outsideOnly) as unknown as Db
  return Object.assign(db, {
    async transaction<T>(
      work: (tx: Tx) => Promise<T>,
      { patienceMs = 0 }: TransactionOptions = {},
    ): Promise<T> {
      outsideOnly()
      let open = true
      let handle: Handle | undefined
      // In the context of the caller, not of whoever came first and woke the queue.
      const run = AsyncResource.bind(() => {
        const check = () => {
          if (!open) throw new Error('tx was used after the end of its transaction')
          // After some errors (a full disk) SQLite has ended it: a further statement would commit itself.
          if (!writer.inTransaction) throw new Error('the database has rolled the transaction back')
        }
        handle = new Handle(write, t, dialect, clock.now(), check)
        return inside.run({ check }, work, handle)
      })
      try {
        const ended = () => {
          open = false
        }
        const result = await queue.add(run, ended, patienceMs)
        announcer.tell(handle!.notices)
        return result
      } finally {
        open = false
      }
    },
    onCommit: announcer.on,
    async check() {
      reader.prepare('select 1').get()
      return { ok: true, detail: 'answers' }
    },
    queued: () => queue.length(),
    async close() {
      await queue.drained()
      reader.close()
      writer.close()
    },
  })
}

function openFile(connect: Connect, file: string, readonly: boolean): File {
  // Two processes that start at once: who changes the journal mode, or recovers after a crash, holds the file alone.
  const db = connect(file, { timeout: 10_000 })
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('foreign_keys = ON')
  db.pragma('cache_size = -32768')
  db.pragma('mmap_size = 268435456')
  db.pragma('temp_store = MEMORY')
  // 32 MB instead of 4: a page that many commits change is copied into the database once.
  db.pragma('wal_autocheckpoint = 8192')
  if (readonly) db.pragma('query_only = ON')
  // From here on waiting for a lock inside SQLite would block the event loop; the queue waits instead.
  db.pragma('busy_timeout = 0')
  return db
}

const connectionOf = (file: File, beforeEach = () => {}) => {
  const queries = drizzle({ client: file, casing: 'snake_case' })
  const { session } = queries as unknown as { session: { prepareQuery(...args: unknown[]): unknown } }
  const prepareQuery = session.prepareQuery.bind(session)
  session.prepareQuery = (...args) => {
    beforeEach()
    return prepareQuery(...args)
  }
  return connection(queries as unknown as Queries, {
    prepare: compile,
    rows: async (statement: SQL) => queries.all(statement),
    exec: async (statement: SQL) => void queries.run(statement),
  })
}

interface Waiting {
  run: () => Promise<unknown>
  /** Called when the callback is over, before the commit. */
  ended: () => void
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
  /** When it wants to be run at the latest, as `performance.now()`. */
  by: number
}

/** Callers that wait share one COMMIT, a savepoint each: durable, at a fraction of the fsyncs. */
function createWriteQueue({ writer, busyMs, batchMs }: { writer: File; busyMs: number; batchMs: number }) {
  const waiting: Waiting[] = []
  let pumping: Promise<void> | undefined
  let later: NodeJS.Timeout | undefined
  let draining = false
  const [begin, commit, savepoint, release, undo] = (
    ['BEGIN IMMEDIATE', 'COMMIT', 'SAVEPOINT one', 'RELEASE one', 'ROLLBACK TO one'] as const
  ).map((statement) => writer.prepare(statement)) as [S, S, S, S, S]

  function start() {
    clearTimeout(later)
    later = undefined
    pumping ??= pump()
  }

  /** Has somebody no patience left? Then all that wait go along. */
  const pressing = () => {
    const now = performance.now()
    return draining || waiting.some(({ by }) => by <= now)
  }

  async function pump() {
    // One turn of the event loop before each batch: requests that came in during the last fsync still lie in their
    // sockets, and without it each of them would get a commit of its own.
    for (await nextTurn(); pressing(); await nextTurn()) {
      if (waiting.length === 0) break
      try {
        rollBack()
        await whenFree(() => begin.run(), busyMs)
      } catch (error) {
        for (const caller of waiting.splice(0)) caller.reject(translate(error))
        break
      }
      await runBatch()
    }
    // In the same turn as the last look at the queue: a caller who comes later must find no pump and start one.
    pumping = undefined
    rest()
  }

  /** Wakes the pump when the first of those who wait has no patience left. */
  function rest() {
    if (waiting.length === 0 || later || pumping) return
    const first = Math.min(...waiting.map(({ by }) => by))
    later = setTimeout(start, Math.max(0, first - performance.now()))
  }

  /** A disk that fails can refuse even this; it is tried again before the next BEGIN. */
  function rollBack() {
    try {
      if (writer.inTransaction) writer.exec('ROLLBACK')
    } catch {}
  }

  async function runBatch() {
    const done: { caller: Waiting; value: unknown }[] = []
    const until = performance.now() + batchMs
    try {
      for (let caller = waiting.shift(); caller; caller = waiting.shift()) {
        try {
          savepoint.run()
          const value = await caller.run()
          caller.ended()
          release.run()
          done.push({ caller, value })
        } catch (error) {
          caller.ended()
          caller.reject(translate(error))
          // A full disk rolls the whole transaction back on its own: then nobody of the batch has succeeded.
          if (!writer.inTransaction) throw error
          undo.run()
          release.run()
        }
        if (performance.now() > until) break
      }
      await whenFree(() => commit.run(), busyMs)
    } catch (error) {
      for (const { caller } of done) caller.reject(translate(error))
      rollBack()
      return
    }
    for (const { caller, value } of done) caller.resolve(value)
  }

  return {
    add<T>(run: () => Promise<T>, ended: () => void, patienceMs: number): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.push({
          ...{ run, ended, resolve: resolve as (value: unknown) => void, reject },
          by: performance.now() + patienceMs,
        })
        if (patienceMs > 0) rest()
        else start()
      })
    },
    length: () => waiting.length,
    async drained() {
      draining = true
      start()
      while (pumping) await pumping
    },
  }
}

type S = SqliteDriver.Statement

/** Tries again, with the event loop free in between, while another process holds the lock. */
async function whenFree(action: () => void, busyMs: number) {
  const until = performance.now() + busyMs
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return action()
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY') || performance.now() > until) throw error
      await delay(pause)
    }
  }
}

const codeOf = (error: unknown): string => {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  return typeof code === 'string' && code.startsWith('SQLITE') ? code : cause ? codeOf(cause) : ''
}

function translate(error: unknown): unknown {
  const code = codeOf(error)
  if (code.startsWith('SQLITE_BUSY')) return fail('database_busy')
  if (code === 'SQLITE_FULL') return fail('storage_full')
  return error
}
