// The database file of a backup: one reading transaction of SQLite, while others go on writing.
import { chmod } from 'node:fs/promises'
import SqliteDriver from 'better-sqlite3'
import { BackupError } from './errors.js'
import { sync } from './files.js'
import type { DatabasePart } from './manifest.js'

export interface TakenDatabase extends DatabasePart {
  /** Every blob that a row names. */
  hashes: Set<string>
}

/** How long another process may hold the database alone (it recovers after a crash, for instance). */
const BUSY_MS = 60_000

export async function takeSqlite(file: string, to: string): Promise<TakenDatabase> {
  const db = new SqliteDriver(file, { fileMustExist: true, timeout: BUSY_MS })
  try {
    // Not SQLite's backup by pages: that begins anew whenever another process writes.
    db.prepare('vacuum into ?').run(to)
  } finally {
    db.close()
  }
  await chmod(to, 0o600)
  await sync(to)
  return { kind: 'sqlite', file: 'frontdesk.db', ...inspectSqlite(to) }
}

/** @throws BackupError when the file is not sound. */
export function inspectSqlite(file: string) {
  const db = new SqliteDriver(file, { readonly: true, fileMustExist: true })
  try {
    const found = db.pragma('integrity_check', { simple: true })
    if (found !== 'ok') throw new BackupError(`the database is damaged: ${found}`)
    const names = db
      .prepare<[], string>(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by 1",
      )
      .pluck()
      .all()
    if (!names.includes('schema_migrations')) throw new BackupError(`${file} is not the database of a desk`)
    const count = (name: string) =>
      db
        .prepare<[], number>(`select count(*) from "${name.replaceAll('"', '""')}"`)
        .pluck()
        .get()!
    const migrations = db
      .prepare<[], { scope: string; name: string }>(
        'select scope, name from schema_migrations order by scope, name',
      )
      .all()
    const hashes = db
      .prepare<[], string>('select raw_hash from intakes union select hash from attachments')
      .pluck()
      .all()
    return {
      migrations,
      tables: Object.fromEntries(names.map((name) => [name, count(name)])),
      hashes: new Set(hashes),
    }
  } finally {
    db.close()
  }
}
