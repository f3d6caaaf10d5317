// Placeholders that are encoded like a column: without it an instant in `where` or `set` would reach SQLite as a Date.
import { type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'

export const param = (column: SQLiteColumn, name: string): SQL =>
  sql`${sql.param(sql.placeholder(name), column)}`
