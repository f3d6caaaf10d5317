// One connection as Reader or Tx: adds the guards, the tables and the prepared statements to drizzle.
import type { SQL } from 'drizzle-orm'
import type { Tables } from './tables/index.js'
import type { Dialect, Prepared, Queries, Topic, Tx } from './types.js'

/** What a driver gives: drizzle's query builder and raw rows. */
export interface Connection {
  readonly queries: Queries
  readonly statements: WeakMap<object, { execute(params: unknown): Promise<unknown> }>
  rows(statement: SQL): Promise<unknown[]>
  exec(statement: SQL): Promise<void>
}

export const connection = (queries: Queries, raw: Pick<Connection, 'rows' | 'exec'>): Connection => ({
  queries,
  statements: new WeakMap(),
  ...raw,
})

// Names of prepared statements must differ within a PostgreSQL connection; SQLite ignores them.
let statementCount = 0

export class Handle implements Tx {
  readonly notices: [Topic, Date | undefined][] = []
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
    let statement = this.conn.statements.get(query)
    if (!statement) {
      const built = query.build(this.conn.queries, this.t) as unknown as {
        prepare(name: string): typeof statement
      }
      statement = built.prepare(`fd_${++statementCount}`)!
      this.conn.statements.set(query, statement)
    }
    return statement.execute(params) as Promise<Row[]>
  }

  rows<Row>(statement: SQL): Promise<Row[]> {
    this.guard()
    return this.conn.rows(statement) as Promise<Row[]>
  }

  exec(statement: SQL): Promise<void> {
    this.guard()
    return this.conn.exec(statement)
  }

  announce(topic: Topic, value?: Date): void {
    this.notices.push([topic, value])
  }
}

// biome-ignore lint/suspicious/noExplicitAny: any function of drizzle's builder, whatever its overloads
function guarded<F extends (...args: any[]) => unknown>(guard: () => void, owner: object, method: F): F {
  return ((...args: unknown[]) => {
    guard()
    return method.apply(owner, args)
  }) as F
}
