// Opens the database that the configuration names, brought up to date.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import { type Clock, systemClock } from '../clock.js'
import { type Config, ConfigError } from '../config.js'
import { mustBeWhole } from '../db/copy/progress.js'
import { migrate, readMigrations } from '../db/migrate.js'
import { openSqlite } from '../db/sqlite.js'
import type { Db } from '../db/types.js'
import { reasonOf } from '../errors.js'
import { ensureRoles } from './roles.js'
import { ROOT } from './root.js'

interface Log {
  warn(details: object, message: string): void
}

export async function openDatabase(config: Config, clock: Clock, log?: Log): Promise<Db> {
  const db = await connect(config, clock, log)
  try {
    await checkVersion(db)
    return await prepare(db)
  } catch (error) {
    await db.close()
    throw refused(error) ? new ConfigError([`DATABASE_URL: ${reasonOf(error)}`]) : error
  }
}

/** User, password, database, rights or certificate are not right: nothing that a second try would change. */
const refused = (error: unknown) =>
  /^(28...|3D000|3F000|42501|.*CERT.*)$/.test(String((error as { code?: unknown }).code))

/** PostgreSQL 13 is the first that tells the 64-bit number of a transaction, which live updates go by. */
async function checkVersion(db: Db): Promise<void> {
  if (db.dialect.name !== 'postgres') return
  const [row] = await db.rows<{ version: string }>(
    sql`select current_setting('server_version_num') as version`,
  )
  const major = Math.floor(Number(row?.version) / 10_000)
  if (major < 13) throw new ConfigError([`DATABASE_URL: PostgreSQL ${major} is too old, use 13 or newer`])
}

/** As it is, without migrations. */
export async function connect(config: Config, clock: Clock, log?: Log): Promise<Db> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  return isPostgres(config) ? openServer(config, clock, log) : openFile(config, clock)
}

export const isPostgres = ({ databaseUrl }: Pick<Config, 'databaseUrl'>): boolean =>
  /^postgres(ql)?:/i.test(databaseUrl)

/** The file that an address `sqlite:…` names. */
export const sqliteFile = (databaseUrl: string): string =>
  path.resolve(databaseUrl.replace(/^sqlite:(\/\/(?=\/))?/, ''))

const openFile = ({ databaseUrl }: Config, clock: Clock) =>
  openSqlite({ file: sqliteFile(databaseUrl), clock })

/** Loaded here and not before: the embedded desk does without the driver. */
async function openServer({ databaseUrl, databasePool }: Config, clock: Clock, log?: Log): Promise<Db> {
  const [{ openPostgres }, { openPool }] = await Promise.all([
    import('../db/postgres.js'),
    import('../db/postgres-pool.js'),
  ])
  try {
    const driver = openPool({
      url: databaseUrl,
      size: databasePool,
      clock: systemClock,
      onLost: (error) => log?.warn({ err: error }, 'a connection to the database was lost'),
    })
    return openPostgres({ driver, clock })
  } catch (error) {
    // A file of a certificate that is not there, for instance. The address is not repeated.
    throw new ConfigError([`DATABASE_URL cannot be used: ${reasonOf(error)}`])
  }
}

/** Migrations, and what every desk starts with. */
export async function prepare(db: Db): Promise<Db> {
  await mustBeWhole(db)
  await migrateCore(db)
  await ensureRoles(db)
  return db
}

export const migrateCore = (db: Db): Promise<string[]> =>
  migrate(db, 'core', readMigrations(path.join(ROOT, 'migrations'), db.dialect.name))
