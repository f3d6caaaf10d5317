// The migration runner: plain SQL files, once each, in order, by (scope, name, checksum), in one transaction.
// drizzle's own is not used: it skips, in silence, a migration that was merged late.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import type { Db, Tx } from './types.js'

export interface Migration {
  name: string
  sql: string
}

export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/** Reads `<folder>/<dialect>/NNNN_name.sql`. */
export function readMigrations(folder: string, dialect: string): Migration[] {
  const dir = path.join(folder, dialect)
  return readdirSync(dir)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({ name: file.slice(0, -4), sql: readFileSync(path.join(dir, file), 'utf8') }))
}

/** @returns the names that were run now. */
export async function migrate(db: Db, scope: string, migrations: readonly Migration[]): Promise<string[]> {
  const work = async (tx: Tx) => {
    await lock(tx)
    const done = new Map(
      (
        await tx.rows<{ name: string; checksum: string }>(
          sql`select name, checksum from schema_migrations where scope = ${scope}`,
        )
      ).map((row) => [row.name, row.checksum]),
    )
    const known = new Set(migrations.map((migration) => migration.name))
    const missing = [...done.keys()].find((name) => !known.has(name))
    if (missing)
      throw new MigrationError(
        `The database was migrated by a newer version (${scope}/${missing} is unknown here): install that version.`,
      )
    const run: string[] = []
    for (const migration of migrations) {
      if (await isDone(done, scope, migration)) continue
      for (const statement of statements(migration.sql)) await tx.exec(statement)
      await tx.exec(
        sql`insert into schema_migrations (scope, name, checksum, at)
            values (${scope}, ${migration.name}, ${checksum(migration)}, ${tx.now.toISOString()})`,
      )
      run.push(migration.name)
    }
    return run
  }
  return db.transaction(work, { unlimited: true })
}

async function isDone(done: Map<string, string>, scope: string, migration: Migration) {
  const before = done.get(migration.name)
  if (before === undefined) return false
  if (before !== checksum(migration))
    throw new MigrationError(
      `Migration ${scope}/${migration.name} was changed after it had been run: a released file must stay as it is.`,
    )
  return true
}

// On SQLite the writer lock of BEGIN IMMEDIATE already lets in one process at a time.
async function lock(tx: Tx) {
  // A desk in another schema of the same database need not wait.
  if (tx.dialect.name === 'postgres')
    await tx.rows(sql`select pg_advisory_xact_lock(415700, hashtext(current_schema()))`)
  await tx.exec(
    sql`create table if not exists schema_migrations (
      scope text not null, name text not null, checksum text not null, at text not null, primary key (scope, name))`,
  )
}

const checksum = ({ sql: text }: Migration) =>
  createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')

const statements = (text: string) =>
  text
    .split('--> statement-breakpoint')
    .map((statement) => statement.trim())
    .filter(Boolean)
    .map((statement) => sql.raw(statement))
