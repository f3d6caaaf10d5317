// PostgreSQL behind the same interface, whatever its driver: node-postgres (postgres-pool.ts), or PGlite in tests.
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { type SQL, sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { Clock } from '../clock.js'
import { createAnnouncer } from './announcer.js'
import { type Connection, connection, Handle } from './handle.js'
import { postgresKit } from './kit.js'
import type { Bell } from './postgres-bell.js'
import { codeOf, isCollision, translate, withoutValues } from './postgres-errors.js'
import { coreTables } from './tables/index.js'
import type { Db, Dialect, Notice, Notices, Queries, Topic, TransactionOptions, Tx } from './types.js'

const dialect: Dialect = {
  name: 'postgres',
  oneWriter: false,
  snapshot: sql`select pg_current_snapshot()::text as snapshot`,
  ahead: sql`(pg_snapshot_xmax(pg_current_snapshot())::text)::bigint`,
  skipLocked: sql`for update skip locked`,
  isUniqueViolation: (error) => codeOf(error) === '23505',
}

/** What a driver gives. */
export interface PostgresDriver {
  /** For what is read outside of transactions. */
  readonly reading: Connection
  /** Begins, runs `work`, commits; rolls back when it rejects. */
  transaction<T>(work: (conn: Connection) => Promise<T>, options: TransactionOptions): Promise<T>
  /** Notices between processes; a database that one process has alone needs none. */
  bell?(hear: (notices: readonly Notice[]) => void): Bell
  check(): Promise<{ ok: boolean; detail: string }>
  pool?(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}

/** Tries of a transaction that others got in the way of. */
const MOST_TRIES = 5

export function openPostgres({ driver, clock }: { driver: PostgresDriver; clock: Clock }): Db {
  const t = coreTables(postgresKit())
  const inside = new AsyncLocalStorage<Handle>()
  const announcer = createAnnouncer()
  const bell = driver.bell?.(announcer.tell)
  // With one connection (PGlite) reading `db` inside a transaction would wait for itself: the guard throws first.
  const outsideOnly = () => {
    if (inside.getStore()) throw new Error('db was used inside a transaction: use its tx')
  }
  const db = new Handle(driver.reading, t, dialect, clock.now(), outsideOnly) as unknown as Db

  async function once<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions): Promise<T> {
    let open = true
    let notices: Handle['notices'] = []
    const result = await driver.transaction(async (conn) => {
      const handle = new Handle(conn, t, dialect, clock.now(), () => {
        if (!open) throw new Error('tx was used after the end of its transaction')
      })
      notices = handle.notices
      try {
        return await inside.run(handle, work, handle)
      } finally {
        open = false
      }
    }, options)
    announcer.tell(notices)
    bell?.tell(notices)
    return result
  }

  return Object.assign(db, {
    async transaction<T>(work: (tx: Tx) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
      outsideOnly()
      for (let tried = 1; ; tried++)
        try {
          return await once(work, options)
        } catch (error) {
          // Nothing of it is stored. Never anything else: what broke in COMMIT may be stored.
          if (!isCollision(error) || tried >= MOST_TRIES) throw translate(withoutValues(error))
          await delay(Math.random() * 10 * 2 ** tried)
        }
    },
    onCommit<T extends Topic>(topic: T, listener: (...value: Notices[T]) => void) {
      announcer.on(topic, listener)
      bell?.listen()
    },
    check: driver.check,
    ...(driver.pool && { pool: driver.pool }),
    async close() {
      await bell?.close()
      await driver.close()
    },
  })
}

/** A drizzle database that was made with `casing: 'snake_case'`. */
export type Pg = PgDatabase<PgQueryResultHKT>

/** What drizzle's session has, though its types hide it. */
interface Session {
  prepareQuery(...args: unknown[]): { queryWithCache?: unknown }
}

/** A connection of any driver that drizzle knows. */
export function drizzleConnection(queries: Pg, prepare: Connection['prepare'] = byDrizzle): Connection {
  const { session } = queries as unknown as { session: Session }
  const prepareQuery = session.prepareQuery.bind(session)
  session.prepareQuery = (...args) =>
    // drizzle's cache does nothing here but wrap errors, with all values in their message.
    Object.assign(prepareQuery(...args), {
      queryWithCache: (_text: string, _params: unknown[], run: () => Promise<unknown>) => run(),
    })
  return connection(queries as unknown as Queries, {
    prepare,
    async rows(statement: SQL) {
      const result = (await queries.execute(statement)) as { rows?: unknown[] }
      return result.rows ?? (result as unknown as unknown[])
    },
    async exec(statement: SQL) {
      await queries.execute(statement)
    },
  })
}

const byDrizzle: Connection['prepare'] = (built, name) => {
  const statement = built.prepare(name) as { execute(params: unknown): Promise<unknown[]> }
  return (params) => statement.execute(params)
}
