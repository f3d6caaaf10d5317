// A desk from a backup, into an empty data folder. Nothing is ever overwritten, and nothing half-restored can be
// started: all of it is made in a folder of its own first, and the database comes to its place last.
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { isPostgres, sqliteFile } from '../app/database.js'
import type { Config } from '../config.js'
import { BackupError } from './errors.js'
import { copyDurably, each, makeDir, namesIn, sync } from './files.js'
import type { Line } from './manifest.js'
import { isEmptyPostgres, restorePostgres } from './postgres.js'
import { inspectSqlite } from './sqlite.js'
import { type Verified, verifyBackup } from './verify.js'

/** In the data folder itself: its parent is often not ours to write, and it may be a disk of its own. */
const PART = '.restore'

export async function restoreBackup(config: Config, from: string): Promise<Verified> {
  const { dataDir } = config
  await mustBeEmpty(dataDir)
  const verified = await verifyBackup(from)
  const { folder, manifest, lines } = verified
  await mustFit(config, manifest.database.kind)
  const part = path.join(dataDir, PART)
  // Left by a restore that was stopped.
  await rm(part, { recursive: true, force: true })
  await makeDir(dataDir)
  await mkdir(part, { mode: 0o700 })
  try {
    await copyAll(folder, part, lines)
    const there = isPostgres(config)
      ? await restorePostgres(config.databaseUrl, path.join(part, manifest.database.file))
      : inspectSqlite(path.join(part, manifest.database.file)).tables
    compare(manifest.database.tables, there)
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    throw error
  }
  if (isPostgres(config)) await rm(path.join(part, manifest.database.file))
  const names = await namesIn(part)
  const last = (name: string) => Number(name === manifest.database.file)
  for (const name of names.sort((a, b) => last(a) - last(b)))
    await rename(path.join(part, name), path.join(dataDir, name))
  await rm(part, { recursive: true })
  await sync(dataDir)
  return verified
}

async function mustBeEmpty(dataDir: string) {
  const names = (await namesIn(dataDir)).filter((name) => name !== PART && name !== 'lost+found')
  if (names.length > 0)
    throw new BackupError(
      `${dataDir} is not empty (${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}): nothing is ever overwritten. Move it away first, for instance: mv ${dataDir} ${dataDir}.old`,
    )
}

async function mustFit(config: Config, kind: 'sqlite' | 'postgres') {
  const configured = isPostgres(config) ? 'postgres' : 'sqlite'
  if (configured !== kind)
    throw new BackupError(
      kind === 'postgres'
        ? 'the backup is of a desk on PostgreSQL: set DATABASE_URL to an empty database'
        : 'the backup is of a desk on SQLite, but DATABASE_URL names PostgreSQL: restore with DATABASE_URL= (empty), then use "frontdesk db copy"',
    )
  if (kind === 'postgres') {
    if (!(await isEmptyPostgres(config.databaseUrl)))
      throw new BackupError('the database that DATABASE_URL names is not empty: nothing is ever overwritten')
  } else if (sqliteFile(config.databaseUrl) !== path.join(config.dataDir, 'frontdesk.db'))
    throw new BackupError(
      'DATABASE_URL names a file outside of the data folder: restore with DATABASE_URL= (empty), then move frontdesk.db there',
    )
}

async function copyAll(folder: string, to: string, lines: Line[]) {
  const targets = lines.map(({ file }) => ({
    from: path.join(folder, file),
    // `../blobs/…` of a backup is `blobs/…` of a desk.
    to: path.join(to, file.replace(/^\.\.\//, '')),
  }))
  const dirs = new Set(targets.map((target) => path.dirname(target.to)))
  for (const dir of dirs) await makeDir(dir)
  await each(targets, (target) => copyDurably(target.from, target.to))
  const parents = new Set([...dirs].map((dir) => path.dirname(dir)).filter((dir) => dir.startsWith(to)))
  for (const dir of [...dirs, ...parents]) await sync(dir)
}

function compare(wanted: Record<string, number>, there: Record<string, number>) {
  for (const [table, count] of Object.entries(wanted))
    if (there[table] !== count)
      throw new BackupError(`the table ${table} has ${there[table] ?? 'no'} rows instead of ${count}`)
}
