// PostgreSQL behind the same interface. Takes a drizzle database of any driver (PGlite in the tests).
import { AsyncLocalStorage } from 'node:async_hooks'
import { DrizzleQueryError, type SQL, sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type { Clock } from '../clock.js'
import { createAnnouncer } from './announcer.js'
import { type Connection, connection, Handle } from './handle.js'
import { postgresKit } from './kit.js'
import { coreTables } from './tables/index.js'
import type { Db, Dialect, Queries, Tx } from './types.js'

type Pg = PgDatabase<PgQueryResultHKT>

const dialect: Dialect = {
  name: 'postgres',
  skipLocked: sql`for update skip locked`,
  isUniqueViolation: (error) => codeOf(error) === '23505',
}

export interface PostgresOptions {
  /** A drizzle database that was made with `casing: 'snake_case'`. */
  pg: unknown
  clock: Clock
  pool?: NonNullable<Db['pool']>
  close(): Promise<void>
}

export function openPostgres({ pg, clock, close, pool }: PostgresOptions): Db {
  const t = coreTables(postgresKit())
  const inside = new AsyncLocalStorage<Handle>()
  const announcer = createAnnouncer()
  // With one connection (PGlite) reading `db` inside a transaction would wait for itself: the guard throws first.
  const outsideOnly = () => {
    if (inside.getStore()) throw new Error('db was used inside a transaction: use its tx')
  }
  const db = new Handle(connectionOf(pg as Pg), t, dialect, clock.now(), outsideOnly) as unknown as Db
  return Object.assign(db, {
    async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
      outsideOnly()
      let open = true
      let notices: Handle['notices'] = []
      const begun = (pg as Pg).transaction(async (ptx) => {
        const handle = new Handle(connectionOf(ptx), t, dialect, clock.now(), () => {
          if (!open) throw new Error('tx was used after the end of its transaction')
        })
        notices = handle.notices
        try {
          return await inside.run(handle, work, handle)
        } finally {
          open = false
        }
      })
      const result = await begun.catch((error: unknown) => {
        throw withoutValues(error)
      })
      announcer.tell(notices)
      return result
    },
    onCommit: announcer.on,
    ...(pool && { pool }),
    close,
  })
}

const connectionOf = (queries: Pg): Connection =>
  connection(queries as unknown as Queries, {
    prepare(built, name) {
      const statement = built.prepare(name) as { execute(params: unknown): Promise<unknown[]> }
      return (params) => statement.execute(params)
    },
    async rows(statement: SQL) {
      const result = (await queries.execute(statement)) as { rows?: unknown[] }
      return result.rows ?? (result as unknown as unknown[])
    },
    async exec(statement: SQL) {
      await queries.execute(statement)
    },
  })

/**
 * drizzle and the driver write the values of a failed query into their errors. From there password hashes and
 * the texts of customers would come into the log, and into the reason that a dead job shows.
 */
function withoutValues(error: unknown): unknown {
  if (!(error instanceof DrizzleQueryError)) return error
  const bare = Object.assign(new Error(error.cause?.message ?? 'a query failed'), { code: codeOf(error) })
  const { stack } = error
  if (stack) bare.stack = stack.replace(error.message, bare.message)
  return bare
}

function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  return typeof code === 'string' ? code : cause ? codeOf(cause) : ''
}
