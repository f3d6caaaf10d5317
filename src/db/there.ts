// The tables that a database has, whoever made them.
import { sql } from 'drizzle-orm'
import type { Reader } from './types.js'

export async function tablesThere(r: Reader): Promise<Set<string>> {
  const rows = await r.rows<{ name: string }>(
    r.dialect.name === 'sqlite'
      ? sql`select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'`
      : sql`select table_name as name from information_schema.tables
            where table_schema = current_schema() and table_type = 'BASE TABLE'`,
  )
  return new Set(rows.map((row) => row.name))
}
