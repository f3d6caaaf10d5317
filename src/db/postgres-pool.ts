// The pool of node-postgres: limits, dead connections, transactions, and hot queries as named prepared statements.
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { type Clock, HOUR, SECOND } from '../clock.js'
import { bindsOf, type Fields, readOf } from './compile.js'
import type { Connection } from './handle.js'
import { drizzleConnection, type Pg, type PostgresDriver } from './postgres.js'
import { createBell } from './postgres-bell.js'
import { fromDriver, isBroken, translate, unknownFate } from './postgres-errors.js'
import type { TransactionOptions } from './types.js'

export interface PoolOptions {
  url: string
  clock: Clock
  /** Connections at once. */
  size?: number
  /** Tells of a connection that was lost while nobody used it. */
  onLost?: (error: Error) => void
}

/** A query that takes longer holds its locks and its connection longer than any caller waits. */
const STATEMENT_MS = 30 * SECOND
/** Of the client: for a server that does not answer at all, and so does not stop at its own limit either. */
const ANSWER_MS = STATEMENT_MS + 5 * SECOND
const LOCK_MS = 10 * SECOND
const CONNECT_MS = 10 * SECOND
/** A process that was stopped in the middle of a transaction must not hold its locks for ever. */
const IDLE_MS = 60 * SECOND

export function openPool({ url, clock, size = 10, onLost = () => {} }: PoolOptions): PostgresDriver {
  const address = {
    ...readAddress(url),
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10 * SECOND,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_MS,
  }
  // Here, and not with the first query: it reads the files of certificates.
  new pg.Client(address)
  const pool = new pg.Pool({
    ...address,
    max: size,
    application_name: 'frontdesk',
    idleTimeoutMillis: 60 * SECOND,
    // With it go its prepared statements, of which there is one for each shape of a list that anybody asked for.
    maxLifetimeSeconds: HOUR / SECOND,
  })
  // Without a listener each would end the process: of a client in the pool, and of one in the hands of a transaction,
  // whose next query says so anyway.
  pool.on('error', (error) => onLost(error))
  pool.on('connect', (client) => void client.on('error', () => {}))
  const connections = new WeakMap<pg.PoolClient, Connection>()
  const connectionOf = (client: pg.PoolClient) => {
    const known = connections.get(client) ?? connectionTo(client)
    connections.set(client, known)
    return known
  }
  const reading = connectionTo(pool)

  /** A connection on which BEGIN has been answered; one that died unnoticed has done nothing yet, so try another. */
  async function begin(): Promise<pg.PoolClient> {
    for (let tried = 1; ; tried++) {
      const client = await pool.connect().catch((error: unknown) => {
        throw fromDriver(error)
      })
      try {
        await run(client, 'begin isolation level read committed')
        return client
      } catch (error) {
        client.release(error as Error)
        if (!isBroken(error) || tried > size) throw error
      }
    }
  }

  return {
    reading,
    bell: (hear) =>
      createBell({
        connect: () =>
          new pg.Client({ ...address, application_name: 'frontdesk bell', query_timeout: 5 * SECOND }),
        hear,
        onLost,
      }),
    async transaction<T>(
      work: (conn: Connection) => Promise<T>,
      { unlimited = false }: TransactionOptions,
    ): Promise<T> {
      const client = await begin()
      let broken: Error | undefined
      let committing = false
      try {
        if (unlimited) await run(client, 'set local statement_timeout = 0; set local lock_timeout = 0')
        const result = await work(unlimited ? connectionTo(client, 0) : connectionOf(client))
        committing = true
        await commit(client)
        return result
      } catch (error) {
        if (committing || isBroken(error)) broken = error as Error
        else
          await run(client, 'rollback').catch((cause: Error) => {
            broken = cause
          })
        throw error
      } finally {
        client.release(broken)
      }
    },
    async check() {
      const sent = clock.now().getTime()
      const { rows } = await pool.query<{ now: string }>(
        'select extract(epoch from clock_timestamp()) * 1000 as now',
      )
      const apart = Math.round(Number(rows[0]?.now) - (sent + clock.now().getTime()) / 2)
      const { totalCount, idleCount, waitingCount } = pool
      const use = `${totalCount - idleCount} of ${size} connections in use, ${waitingCount} wait for one`
      // Leases and due times are compared between processes, whose clocks must agree.
      if (Math.abs(apart) < MOST_APART_MS) return { ok: true, detail: `answers; ${use}` }
      return { ok: false, detail: `its clock is ${apart} ms ahead of ours; ${use}` }
    },
    pool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  }
}

const MOST_APART_MS = 2 * SECOND

async function commit(client: pg.PoolClient) {
  const { command } = await run(client, 'commit').catch((error: unknown) => {
    throw isBroken(error) ? unknownFate(error) : error
  })
  // A query failed and somebody caught that: PostgreSQL then takes COMMIT for ROLLBACK, without an error.
  if (command !== 'COMMIT') throw new Error('a query of the transaction failed before: it was rolled back')
}

/** The parts of the address; its `options` go along with ours. */
function readAddress(url: string) {
  const address = new URL(url)
  const given = address.searchParams.get('options')
  // Instants are read back in UTC. Compiling queries (jit) takes longer than all of ours.
  address.searchParams.set('options', ['-c TimeZone=UTC -c jit=off', given].filter(Boolean).join(' '))
  // They mean the same to the driver, which would warn that this will change.
  if (/^(prefer|require|verify-ca)$/.test(address.searchParams.get('sslmode') ?? ''))
    if (!address.searchParams.has('uselibpqcompat')) address.searchParams.set('sslmode', 'verify-full')
  return { connectionString: address.href }
}

type Client = pg.Pool | pg.PoolClient

const run = (client: Client, text: string) =>
  inTurn(client, { text, query_timeout: ANSWER_MS } as pg.QueryConfig)

/** The end of the last query of a client that was begun. */
const ends = new WeakMap<Client, Promise<void>>()

/** One query at a time on a connection: several begun at once (Promise.all) the driver does not take any longer. */
function inTurn(client: Client, config: pg.QueryConfig): Promise<pg.QueryResult> {
  const ask = () =>
    client.query(config).catch((error: unknown) => {
      throw fromDriver(error)
    })
  if (client instanceof pg.Pool) return ask()
  const before = ends.get(client)
  const sent = before ? before.then(ask) : ask()
  const end = sent.then(nothing, nothing).then(() => {
    if (ends.get(client) === end) ends.delete(client)
  })
  ends.set(client, end)
  return sent
}

const nothing = () => {}

/** As drizzle expects them: instants as text, which the columns decode, and numbers of eight bytes as numbers. */
const TYPES = { getTypeParser } as pg.CustomTypesConfig
const { builtins } = pg.types
const AS_TEXT = new Set<number>([builtins.TIMESTAMPTZ, builtins.TIMESTAMP, builtins.DATE, builtins.INTERVAL])
const asText = (value: string) => value

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (AS_TEXT.has(oid)) return asText
  return oid === builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')
}

function connectionTo(client: Client, answerMs = ANSWER_MS): Connection {
  const query = async (config: pg.QueryConfig, values?: unknown[]) => {
    const given = { ...config, values, types: TYPES, query_timeout: answerMs }
    try {
      return await inTurn(client, given as pg.QueryConfig)
    } catch (error) {
      // What fails in a transaction is translated at its end: until then it must be told from other errors.
      throw client instanceof pg.Pool ? translate(error) : error
    }
  }
  const queries = drizzle({ client: { query } as unknown as pg.Pool, casing: 'snake_case' })
  return drizzleConnection(queries as unknown as Pg, (built, name) => {
    const known = built.prepare(name) as Known
    const read = known.fields ? readOf(known.fields) : undefined
    // A join, or an expression among the columns: drizzle's own way.
    if (read === null) return (params) => known.execute(params)
    const values = bindsOf(known.params)
    const config = { name, text: known.queryString, rowMode: 'array' as const }
    return async (params) => {
      const { rows } = await query(config as unknown as pg.QueryConfig, values(params))
      return read ? (rows as unknown[][]).map(read) : []
    }
  })
}

/** What a prepared query of drizzle's node-postgres driver knows of itself. */
interface Known {
  readonly queryString: string
  readonly params: readonly unknown[]
  readonly fields?: Fields
  execute(params: unknown): Promise<unknown[]>
}
