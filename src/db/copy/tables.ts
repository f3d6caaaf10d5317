// The tables that are copied, as both databases know them: what to read them by, and the hot queries of a copy.
import { asc, getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import { type PgTable, getTableConfig as postgresConfig } from 'drizzle-orm/pg-core'
import { type SQLiteColumn, type SQLiteTable, getTableConfig as sqliteConfig } from 'drizzle-orm/sqlite-core'
import { param } from '../param.js'
import { type Prepared, prepared, preparedBySize, type Reader } from '../types.js'

export type Row = Record<string, unknown>
type Params = Record<string, unknown>

/** One table on one of the databases. */
export interface Source {
  readonly name: string
  /** Property names of all columns, and of those of the primary key in its order. */
  readonly columns: readonly string[]
  readonly key: readonly string[]
  /** Name in the database of the column that counts up by itself. */
  readonly serial: string | null
  /** The first rows in the order of the key. */
  first(limit: number): Prepared<Params, Row>
  /** Those behind the row whose key is `k0`, `k1` … */
  next(limit: number): Prepared<Params, Row>
  /** Values are named by column and number of the row: `subject_0`. */
  insert(rows: number): Prepared<Params, never>
}

const casing = new CasingCache('snake_case')

/** @param table built by the kit of this database. */
export function sourceOf(r: Pick<Reader, 'dialect'>, table: SQLiteTable): Source {
  const byName = getTableColumns(table) as Record<string, SQLiteColumn>
  const columns = Object.keys(byName)
  const key = keyOf(r.dialect.name, table).map(
    (name) => columns.find((column) => byName[column]!.name === name)!,
  )
  const keyColumns = key.map((name) => byName[name]!)
  if (key.length === 0) throw new Error(`the table ${getTableName(table)} has no primary key`)
  const order = keyColumns.map((column) => asc(column))
  const behind: SQL = sql`(${list(keyColumns.map((column) => sql`${column}`))}) > (${list(
    keyColumns.map((column, index) => param(column, `k${index}`)),
  )})`
  const [only] = keyColumns as { autoIncrement?: boolean; columnType: string }[]
  const countsUp = only!.autoIncrement === true || /^Pg\w*Serial/.test(only!.columnType)
  return {
    name: getTableName(table),
    columns,
    key,
    serial: key.length === 1 && countsUp ? casing.getColumnCasing(keyColumns[0]!) : null,
    first: preparedBySize((limit) =>
      prepared<Params, Row>((q) =>
        q
          .select()
          .from(table)
          .orderBy(...order)
          .limit(limit),
      ),
    ),
    next: preparedBySize((limit) =>
      prepared<Params, Row>((q) =>
        q
          .select()
          .from(table)
          .where(behind)
          .orderBy(...order)
          .limit(limit),
      ),
    ),
    insert: preparedBySize((size) =>
      prepared<Params, never>((q) => q.insert(table).values(placeholders(columns, size)) as never),
    ),
  }
}

const list = (parts: SQL[]): SQL => sql.join(parts, sql`, `)

const placeholders = (columns: readonly string[], size: number) =>
  Array.from({ length: size }, (_, row) =>
    Object.fromEntries(columns.map((name) => [name, sql.placeholder(`${name}_${row}`)])),
  )

/** By name: the columns of a composite key are objects of their own. */
function keyOf(dialect: string, table: SQLiteTable): string[] {
  const { columns, primaryKeys } =
    dialect === 'sqlite' ? sqliteConfig(table) : postgresConfig(table as unknown as PgTable)
  const [composite] = primaryKeys
  const found = composite?.columns ?? columns.filter((column) => column.primary)
  return found.map((column) => column.name)
}
