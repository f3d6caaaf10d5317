// Opens the database that the configuration names, brought up to date.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Clock } from '../clock.js'
import type { Config } from '../config.js'
import { migrate, readMigrations } from '../db/migrate.js'
import { openSqlite } from '../db/sqlite.js'
import type { Db } from '../db/types.js'
import { ensureRoles } from './roles.js'
import { ROOT } from './root.js'

export async function openDatabase(config: Config, clock: Clock): Promise<Db> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const file = config.databaseUrl.replace(/^sqlite:(\/\/(?=\/))?/, '')
  return prepare(openSqlite({ file, clock }))
}

/** Migrations, and what every desk starts with. */
export async function prepare(db: Db): Promise<Db> {
  await migrate(db, 'core', readMigrations(path.join(ROOT, 'migrations'), db.dialect.name))
  await ensureRoles(db)
  return db
}
