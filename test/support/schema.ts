// Columns and indexes of a database: as drizzle's tables declare them, and as they are.
import { sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
import * as sqlite from 'drizzle-orm/sqlite-core'
import { postgresKit, sqliteKit } from '../../src/db/kit.js'
import { coreTables } from '../../src/db/tables/index.js'
import type { Db } from '../../src/db/types.js'
import type { DatabaseName } from '../../src/testing/index.js'

type Shape = Record<string, { columns: string[]; indexes: string[] }>

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const indexLine = (unique: boolean, columns: readonly string[]) =>
  `${unique ? 'unique ' : ''}(${columns.join(', ')})`

export function declared(dialect: DatabaseName): Shape {
  const config = (dialect === 'sqlite' ? sqlite : pg).getTableConfig as unknown as (table: unknown) => {
    name: string
    columns: { name: string; notNull: boolean; primary: boolean; isUnique: boolean }[]
    indexes: { config: { columns: { name: string }[]; unique: boolean } }[]
    primaryKeys: { columns: { name: string }[] }[]
  }
  const tables = Object.values(coreTables(dialect === 'sqlite' ? sqliteKit() : postgresKit())).map(config)
  return Object.fromEntries(
    tables.map(({ name, columns, indexes, primaryKeys }) => {
      const keys = primaryKeys.map((key) => key.columns.map((column) => snake(column.name)))
      const own = columns
        .filter(({ primary, isUnique }) => primary || isUnique)
        .map((column) => [snake(column.name)])
      return [
        name,
        {
          columns: columns.map((column) => `${snake(column.name)}${column.notNull ? '' : '?'}`).sort(),
          indexes: [
            ...[...keys, ...own].map((key) => indexLine(true, key)),
            ...indexes.map(({ config: { columns, unique } }) =>
              indexLine(
                unique,
                columns.map((column) => snake(column.name)),
              ),
            ),
          ].sort(),
        },
      ]
    }),
  )
}

export async function actual(db: Db): Promise<Shape> {
  const columns = await db.rows<{ table: string; name: string; required: unknown }>(
    db.dialect.name === 'sqlite'
      ? sql`select l.name as "table", c.name, c."notnull" as required from pragma_table_list l, pragma_table_info(l.name) c
          where l.type = 'table' and l.name not like 'sqlite_%' and l.name <> 'schema_migrations'`
      : sql`select table_name as "table", column_name as name, is_nullable = 'NO' as required from information_schema.columns
          where table_schema = current_schema() and table_name <> 'schema_migrations'`,
  )
  const indexes = await db.rows<{ table: string; single: unknown; columns: string }>(
    db.dialect.name === 'sqlite'
      ? sql`select l.name as "table", i."unique" as single,
            (select group_concat(name, ', ') from (select name from pragma_index_info(i.name) order by seqno)) as columns
          from pragma_table_list l, pragma_index_list(l.name) i where l.type = 'table' and l.name <> 'schema_migrations'
          union all select l.name, 1, c.name from pragma_table_list l, pragma_table_info(l.name) c
          where l.type = 'table' and c.pk = 1 and c.type = 'INTEGER' and l.name not like 'sqlite_%'`
      : sql`select c.relname as "table", i.indisunique as single, string_agg(a.attname, ', ' order by k.ord) as columns
          from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace,
            unnest(i.indkey) with ordinality k(num, ord), pg_attribute a
          where n.nspname = current_schema() and a.attrelid = c.oid and a.attnum = k.num and c.relname <> 'schema_migrations'
          group by i.indexrelid, c.relname, i.indisunique`,
  )
  const shape: Shape = {}
  for (const { table, name, required } of columns)
    (shape[table] ??= { columns: [], indexes: [] }).columns.push(`${name}${required ? '' : '?'}`)
  for (const { table, single, columns } of indexes)
    shape[table]!.indexes.push(indexLine(Boolean(single), columns.split(', ')))
  for (const table of Object.values(shape)) {
    table.columns.sort()
    table.indexes.sort()
  }
  return shape
}
