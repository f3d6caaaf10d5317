// One connection as Reader or Tx: adds the guards, the tables and the prepared statements to drizzle.
import { type SQL, sql } from 'drizzle-orm'
import type { Tables } from './tables/index.js'
import type { Dialect, Notice, Notices, Prepared, Queries, Topic, Tx } from './types.js'

/** A prepared statement, ready to run; SQLite answers at once. */
export type Statement = (params: unknown) => unknown[] | Promise<unknown[]>

/** What a driver gives: drizzle's query builder and raw rows. */
export interface Connection {
  readonly queries: Queries
  readonly statements: WeakMap<object, Statement>
  prepare(built: Preparable, name: string): Statement
  rows(statement: SQL): Promise<unknown[]>
  exec(statement: SQL): Promise<void>
}

/** What every query that drizzle built can do, though its types hide it behind those of the builders. */
export interface Preparable {
  prepare(name?: string): unknown
}

export const connection = (
  queries: Queries,
  raw: Pick<Connection, 'prepare' | 'rows' | 'exec'>,
): Connection => ({
  queries,
  statements: new WeakMap(),
  ...raw,
})

// One name for a query on all connections of PostgreSQL, which keep the statement under it; SQLite ignores names.
const names = new WeakMap<object, string>()
let statementCount = 0

function nameOf(query: object): string {
  const name = names.get(query) ?? `fd_${++statementCount}`
  names.set(query, name)
  return name
}

export class Handle implements Tx {
  readonly notices: Notice[] = []
  readonly select: Tx['select']
  readonly selectDistinct: Tx['selectDistinct']
  readonly insert: Tx['insert']
  readonly update: Tx['update']
  readonly delete: Tx['delete']

  constructor(
    private readonly conn: Connection,
    readonly t: Tables,
    readonly dialect: Dialect,
    readonly now: Date,
    private readonly guard: () => void,
  ) {
    const q = conn.queries
    this.select = guarded(guard, q, q.select)
    this.selectDistinct = guarded(guard, q, q.selectDistinct)
    this.insert = guarded(guard, q, q.insert)
    this.update = guarded(guard, q, q.update)
    this.delete = guarded(guard, q, q.delete)
  }

  async run<P, Row>(query: Prepared<P, Row>, params: P): Promise<Row[]> {
    this.guard()
    const statement = this.conn.statements.get(query) ?? this.prepare(query)
    return statement(params) as Row[] | Promise<Row[]>
  }

  private prepare<P, Row>(query: Prepared<P, Row>): Statement {
    const built = query.build(this.conn.queries, this.t) as unknown as Preparable
    const statement = this.conn.prepare(built, nameOf(query))
    this.conn.statements.set(query, statement)
    return statement
  }

  rows<Row>(statement: SQL): Promise<Row[]> {
    this.guard()
    return this.conn.rows(statement) as Promise<Row[]>
  }

  exec(statement: SQL): Promise<void> {
    this.guard()
    return this.conn.exec(statement)
  }

  async lock(...names: string[]): Promise<void> {
    if (this.dialect.oneWriter || names.length === 0) return
    // In one order, so that two who want the same names do not wait for each other in a circle.
    const sorted = sql.param([...new Set(names)].sort())
    await this.rows(
      sql`select pg_advisory_xact_lock(hashtextextended(name, 4157)) from unnest(${sorted}::text[]) as name`,
    )
  }

  announce<T extends Topic>(topic: T, ...value: Notices[T]): void {
    this.notices.push([topic, ...value] as unknown as Notice)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: any function of drizzle's builder, whatever its overloads
function guarded<F extends (...args: any[]) => unknown>(guard: () => void, owner: object, method: F): F {
  return ((...args: unknown[]) => {
    guard()
    return method.apply(owner, args)
  }) as F
}
