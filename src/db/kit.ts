// The column kit: tables are written once against `Kit` and built for SQLite or PostgreSQL. The types are
// SQLite's for both; the PostgreSQL kit is cast here, once, and nowhere else.
import { sql } from 'drizzle-orm'
import * as pg from 'drizzle-orm/pg-core'
import * as sqlite from 'drizzle-orm/sqlite-core'

// Own types instead of drizzle's, because those cannot take NULL through the placeholder of a prepared statement.
const orNull =
  <T, D>(encode: (value: T) => D) =>
  (value: T): D =>
    value === null ? (null as D) : encode(value)

const sqliteInstant = sqlite.customType<{ data: Date; driverData: number }>({
  dataType: () => 'integer',
  toDriver: orNull((value: Date) => value.getTime()),
  fromDriver: (value) => new Date(value),
})
const sqliteJson = sqlite.customType<{ data: unknown; driverData: string }>({
  dataType: () => 'text',
  toDriver: orNull((value: unknown) => JSON.stringify(value)),
  fromDriver: (value) => JSON.parse(value),
})
const postgresInstant = pg.customType<{ data: Date; driverData: string }>({
  // Precision 3: with microseconds in the database a keyset cursor of milliseconds would skip rows.
  dataType: () => 'timestamp(3) with time zone',
  toDriver: orNull((value: Date) => value.toISOString()),
  fromDriver: (value) => new Date(isoOf(value)),
})
/** PostgreSQL writes `0005-04-21 09:00:00.5+00`; what is not ISO 8601 the parser of dates guesses, here as 2005. */
const isoOf = (value: string) => value.replace(/^(\d{4}-\d\d-\d\d) (.*[+-]\d\d)$/, '$1T$2:00')
const postgresOrdinal = pg.customType<{ data: string; driverData: string }>({
  dataType: () => 'text collate "C"',
})
const postgresJson = pg.customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: orNull((value: unknown) => JSON.stringify(value)),
  // node-postgres and PGlite have parsed it already.
  fromDriver: (value) => value,
})

// 64 bits, so that it never wraps around. Of the transaction as a whole, also inside a savepoint.
const currentTransaction = sql`(pg_current_xact_id()::text)::bigint`

/** @param prefix put before every table name; a plugin's tables carry the plugin's. */
export function sqliteKit(prefix = '') {
  return {
    table: sqlite.sqliteTableCreator((name) => prefix + name),
    /** A number the database counts up; also the order of the rows. */
    serial: () => sqlite.integer().primaryKey({ autoIncrement: true }),
    /** The transaction that wrote the row, where writers run side by side (position.ts); 0 on SQLite. */
    txid: () => sqlite.integer().notNull().default(0),
    text: () => sqlite.text(),
    /** Text whose order is that of its bytes on both databases, whatever the language of the server. */
    ordinal: () => sqlite.text(),
    int: () => sqlite.integer(),
    real: () => sqlite.real(),
    bool: () => sqlite.integer({ mode: 'boolean' }),
    /** A UTC instant with milliseconds. */
    instant: () => sqliteInstant(),
    json: <T>() => sqliteJson().$type<T>(),
    index: (name: string) => sqlite.index(prefix + name),
    unique: (name: string) => sqlite.uniqueIndex(prefix + name),
    key: sqlite.primaryKey,
  }
}

export type Kit = ReturnType<typeof sqliteKit>

export function postgresKit(prefix = ''): Kit {
  return {
    table: pg.pgTableCreator((name) => prefix + name),
    serial: () => pg.bigserial({ mode: 'number' }).primaryKey(),
    txid: () => pg.bigint({ mode: 'number' }).notNull().default(currentTransaction),
    text: () => pg.text(),
    ordinal: () => postgresOrdinal(),
    int: () => pg.bigint({ mode: 'number' }),
    real: () => pg.doublePrecision(),
    bool: () => pg.boolean(),
    instant: () => postgresInstant(),
    json: () => postgresJson(),
    index: (name: string) => pg.index(prefix + name),
    unique: (name: string) => pg.uniqueIndex(prefix + name),
    key: pg.primaryKey,
  } as unknown as Kit
}
