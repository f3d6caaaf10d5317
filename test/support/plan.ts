// How a database means to answer a query, as one text: whether an index serves it.
import { type SQL, sql } from 'drizzle-orm'
import type { Db, Prepared } from '../../src/db/types.js'

/** A few rows PostgreSQL would rather read whole: so it is told to ask what it would do with many. */
export const planOf = (db: Db, query: SQL): Promise<string> =>
  db.transaction(async (tx) => {
    if (db.dialect.name === 'sqlite') return JSON.stringify(await tx.rows(sql`explain query plan ${query}`))
    for (const way of ['enable_seqscan', 'enable_bitmapscan', 'enable_sort'])
      await tx.exec(sql.raw(`set local ${way} = off`))
    return JSON.stringify(await tx.rows(sql`explain ${query}`))
  })

/** The same of a prepared statement, whatever the values will be. */
export function planOfPrepared(db: Db, statement: Prepared<never, unknown>): Promise<string> {
  const built = statement.build(db as never, db.t) as unknown as {
    toSQL(): { sql: string; params: unknown[] }
  }
  const { sql: text, params } = built.toSQL()
  const literal = (param: unknown) => {
    const { name, value } = param as { name?: string; value?: { name: string } }
    return /limit|number/i.test(name ?? value?.name ?? '') ? '5' : "'x'"
  }
  let place = 0
  // Postgres numbers its places; in both the first one stands first.
  const filled = text.replace(/\$(\d+)|\?/g, (_, number) => literal(params[number ? number - 1 : place++]))
  return planOf(db, sql.raw(filled))
}
