// What the rest of the code sees of the database: Reader to read, Tx to write, Db to begin.
import type { SQL } from 'drizzle-orm'
import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core'
import type { Tables } from './tables/index.js'

/** The async SQLite type stands for both dialects: what is written against it runs on PostgreSQL too. */
export type Queries = BaseSQLiteDatabase<'async', unknown>

/** A query that is built once per connection and then only run. */
export interface Prepared<Params, Row> {
  readonly build: (q: Queries, t: Tables) => { execute(): Promise<Row[]> }
  /** Never set: carries the type of the parameters. */
  readonly params?: (p: Params) => void
}

export interface Reader extends Pick<Queries, 'select' | 'selectDistinct'> {
  readonly t: Tables
  readonly dialect: Dialect
  run<P, Row>(query: Prepared<P, Row>, params: P): Promise<Row[]>
  /** Rows of a raw statement, as the driver gives them: only for what drizzle cannot say. */
  rows<Row>(statement: SQL): Promise<Row[]>
}

export interface Tx extends Reader, Pick<Queries, 'insert' | 'update' | 'delete'> {
  /** The instant of this transaction. */
  readonly now: Date
  /**
   * Holds these names until its end: of transactions that want one of them only one runs at a time, and what it reads
   * afterwards is what the others have committed. Free where there is one writer anyway.
   */
  lock(...names: string[]): Promise<void>
  /** Runs a raw statement that returns nothing. */
  exec(statement: SQL): Promise<void>
  /** Tells listeners of `topic`, once this is committed. */
  announce<T extends Topic>(topic: T, ...value: Notices[T]): void
}

export interface TransactionOptions {
  /** Milliseconds this caller can wait for others to share its commit; for work that nobody looks at meanwhile. */
  patienceMs?: number
  /** It may take as long as it takes, and wait for others as long as they take: migrations. */
  unlimited?: boolean
}

export interface Db extends Reader {
  /**
   * Runs `work` in a transaction; committed (and, on SQLite with synchronous=FULL, on disk) when the promise
   * resolves, rolled back when it rejects. Never wait for the network or a timer inside.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>
  onCommit<T extends Topic>(topic: T, listener: (...value: Notices[T]) => void): void
  /** Whether it can be worked with, in words; rejects when it does not answer. */
  check(): Promise<{ ok: boolean; detail: string }>
  /** Connections of a pool, where there is one. */
  pool?(): { total: number; idle: number; waiting: number }
  /** Transactions that wait for the one writer. */
  queued?(): number
  close(): Promise<void>
}

/** What a commit can tell, and with which value. */
export interface Notices {
  /** Something is due at this instant. */
  jobs: [at?: Date]
  /** A row of the ledger waits, was moved, or is gone: for an engine that keeps the delays elsewhere. */
  rings: [ring: Ring]
  /** Rights changed. */
  people: []
  settings: []
  /** Something happened to a ticket. */
  timeline: []
}
export type Topic = keyof Notices
export type Notice = { [T in Topic]: readonly [topic: T, ...value: Notices[T]] }[Topic]

export interface Ring {
  /** The row. */
  readonly id: string
  readonly name: string
  /** Null: it waits no more. */
  readonly at: Date | null
  /** It waited before, for another time. */
  readonly moved?: boolean
}

/** The few places where the databases differ. */
export interface Dialect {
  /** Which transactions a reader sees the rows of, at this moment; null where they commit one after the other. */
  readonly snapshot: SQL | null
  /** The number from which on no transaction is visible in the same statement; null as above. */
  readonly ahead: SQL | null
  readonly name: 'sqlite' | 'postgres'
  /** Transactions run one after the other: what one of them has read stays true until its end. */
  readonly oneWriter: boolean
  /** Locks rows that were selected for a claim, skipping those another process holds. */
  readonly skipLocked: SQL
  /** An error of a unique index? */
  isUniqueViolation(error: unknown): boolean
}

/** The rows that are selected stay as they are until the end of the transaction. Where there is one writer: they do. */
export const lockRows = <Q>(query: Q): Q =>
  (query as { for?: (strength: 'update') => Q }).for?.('update') ?? query

/**
 * Defines a query that is prepared once per connection.
 * In `where`, give instants through `param(column, name)`, so that they are encoded like the column.
 */
export const prepared = <Params extends Record<string, unknown>, Row>(
  build: (q: Queries, t: Tables) => { execute(): Promise<Row[]> },
): Prepared<Params, Row> => ({ build })

/** A query with a list in it: one prepared query for each length that occurs. Callers bound the length. */
export function preparedBySize<Params extends Record<string, unknown>, Row>(
  build: (size: number) => Prepared<Params, Row>,
): (size: number) => Prepared<Params, Row> {
  const known = new Map<number, Prepared<Params, Row>>()
  return (size) => {
    const query = known.get(size) ?? build(size)
    known.set(size, query)
    return query
  }
}
