// How a database means to answer a query, as one text: whether an index serves it.
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../src/db/types.js'

/** A few rows PostgreSQL would rather read whole: so it is told to ask what it would do with many. */
export const planOf = (db: Db, query: SQL): Promise<string> =>
  db.transaction(async (tx) => {
    if (db.dialect.name === 'sqlite') return JSON.stringify(await tx.rows(sql`explain query plan ${query}`))
    for (const way of ['enable_seqscan', 'enable_bitmapscan', 'enable_sort'])
      await tx.exec(sql.raw(`set local ${way} = off`))
    return JSON.stringify(await tx.rows(sql`explain ${query}`))
  })
