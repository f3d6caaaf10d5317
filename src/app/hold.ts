// Keeps everybody else from writing to a database while it is copied: by the locks of the roles, which say so early, and
// by one of the database itself, for whatever does not take those.
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'
import type { Config } from '../config.js'
import { CopyError } from '../db/copy/errors.js'
import { tablesThere } from '../db/there.js'
import type { Db } from '../db/types.js'
import { reasonOf } from '../errors.js'
import { isPostgres, sqliteFile } from './database.js'
import { lockRoles } from './lock.js'

/** @throws ConfigError when a server works there. */
export function lockFolders(config: Config, urls: readonly string[]): { release(): void } {
  const files = urls.filter((databaseUrl) => !isPostgres({ databaseUrl })).map(sqliteFile)
  const folders = new Set([config.dataDir, ...files.map((file) => path.dirname(file))])
  const held: { release(): void }[] = []
  const release = () => {
    for (const lock of held) lock.release()
  }
  try {
    for (const folder of folders) {
      if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
      held.push(lockRoles(folder, ['worker', 'intake']))
    }
  } catch (error) {
    release()
    throw error
  }
  return { release }
}

/** From here on nobody changes `db`, which can still be read. */
export const holdWrites = (url: string, db: Db): Promise<{ release(): Promise<void> }> =>
  isPostgres({ databaseUrl: url }) ? holdPostgres(url, db) : holdSqlite(sqliteFile(url))

async function holdSqlite(file: string) {
  const db = new SqliteDriver(file, { fileMustExist: true, timeout: 10_000 })
  try {
    db.exec('begin immediate')
  } catch (error) {
    db.close()
    throw new CopyError(`somebody writes to ${file}: stop all processes of the desk (${reasonOf(error)})`)
  }
  return { release: async () => void db.close() }
}

async function holdPostgres(url: string, db: Db) {
  const { default: pg } = await import('pg')
  const names = [...(await tablesThere(db))].map((name) => pg.escapeIdentifier(name))
  const client = new pg.Client({ connectionString: url, application_name: 'frontdesk copy' })
  await client.connect()
  try {
    await client.query(
      "begin; set local lock_timeout = '10s'; set local idle_in_transaction_session_timeout = 0",
    )
    // Lets others read, and lets nobody write.
    if (names.length > 0) await client.query(`lock table ${names.join(', ')} in share mode`)
  } catch (error) {
    await client.end()
    throw new CopyError(`somebody writes to the source: stop all processes of the desk (${reasonOf(error)})`)
  }
  return { release: () => client.end() }
}
