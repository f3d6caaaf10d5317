// What is stored, as rows per table: to see that nothing was changed, and to put everything back (on SQLite).
import { isDeepStrictEqual } from 'node:util'
import { getTableName, is, sql } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Db } from '../../src/db/types.js'
import type { TestApp } from '../../src/testing/index.js'

export type Rows = Record<string, Record<string, unknown>[]>

const tablesOf = ({ t }: Db) =>
  Object.values(t)
    .filter((table) => is(table, SQLiteTable))
    .map((table) => getTableName(table))

export async function snapshot(db: Db): Promise<Rows> {
  const rows: Rows = {}
  for (const name of tablesOf(db)) rows[name] = await db.rows(sql`select * from ${sql.identifier(name)}`)
  return rows
}

/** Puts all rows back as they were, and the application forgets them. Answers the tables that differed. */
export async function restore(app: TestApp, rows: Rows): Promise<string[]> {
  const differ = changed(rows, await snapshot(app.db))
  if (differ.length === 0) return []
  await app.db.transaction(async (tx) => {
    for (const name of differ) {
      await tx.exec(sql`delete from ${sql.identifier(name)}`)
      for (const row of rows[name]!) {
        const columns = sql.join(Object.keys(row).map(sql.identifier), sql`, `)
        const values = sql.join(
          Object.values(row).map((value) => sql`${value}`),
          sql`, `,
        )
        await tx.exec(sql`insert into ${sql.identifier(name)} (${columns}) values (${values})`)
      }
    }
    tx.announce('people')
  })
  await app.settings.load()
  return differ
}

/** Names of the tables that differ. */
export function changed(before: Rows, now: Rows): string[] {
  return Object.keys(before).filter((name) => !isDeepStrictEqual(before[name], now[name]))
}

/** Rows per table, on both databases. */
export async function counts(db: Db): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const name of tablesOf(db)) {
    const [row] = await db.rows<{ n: number }>(sql`select count(*) as n from ${sql.identifier(name)}`)
    found[name] = Number(row!.n)
  }
  return found
}
