// Makes a backup while the desk works. The order is what makes it whole: the spool first, because a mail that leaves it
// is in the database afterwards; then the database; then the blobs, which are there before the rows that name them.
import { existsSync } from 'node:fs'
import { mkdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { isPostgres, sqliteFile } from '../app/database.js'
import { VERSION } from '../app/root.js'
import type { Clock } from '../clock.js'
import type { Config } from '../config.js'
import { NO_BLOBS, takeBlobs } from './blobs.js'
import { BackupError } from './errors.js'
import { copyDurably, each, hashOf, isMissing, makeDir, namesIn, sync, writeDurably } from './files.js'
import {
  FORMAT,
  folderNameOf,
  type Line,
  locate,
  MANIFEST,
  type Manifest,
  parse,
  SUMS,
  writeLine,
} from './manifest.js'
import { takePostgres } from './postgres.js'
import { type TakenDatabase, takeSqlite } from './sqlite.js'

export interface Backup {
  folder: string
  manifest: Manifest
  freshBlobs: number
}

/** @param into a folder of backups, which share their blobs. */
export async function makeBackup(config: Config, into: string, clock: Clock): Promise<Backup> {
  const root = path.resolve(into)
  const inside = path.relative(config.dataDir, root)
  if (!inside.startsWith('..') && !path.isAbsolute(inside))
    throw new BackupError('a backup inside the data folder would be lost with it: choose another folder')
  if (!isPostgres(config) && !existsSync(sqliteFile(config.databaseUrl)))
    throw new BackupError(`there is no desk to back up: ${sqliteFile(config.databaseUrl)} is not there`)
  const begun = clock.now()
  await makeDir(root)
  const folder = path.join(root, folderNameOf(begun))
  await mkdir(folder, { mode: 0o700 })
  try {
    return await fill(config, root, folder, begun, clock)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function fill(config: Config, root: string, folder: string, begun: Date, clock: Clock) {
  const { dataDir } = config
  const spool = await takeFolder(folder, path.join(dataDir, 'spool', 'new'), 'spool/new', /^[^.][^\\\n]*,/)
  const { hashes, ...database } = await takeDatabase(config, folder)
  const outbox = await takeFolder(folder, path.join(dataDir, 'outbox'), 'outbox', /^[^.][^\\\n]*\.eml$/)
  const secret = config.secret === null ? await takeFolder(folder, dataDir, '', /^secret$/) : []
  // A bucket is not copied into a folder: it has a backup of its own.
  const here = config.blobs.kind === 'folder' ? config.blobs.folder : null
  const blobs = here === null ? NO_BLOBS : await takeBlobs(here, path.join(root, 'blobs'), suspectsIn(root))
  const lines = [
    ...(await withHashes(folder, [database.file, ...secret, ...spool, ...outbox])),
    ...blobs.lines,
  ]
  const there = new Set(blobs.lines.map(({ file }) => path.basename(file)))
  const text = lines.map(writeLine).join('')
  await writeDurably(path.join(folder, SUMS), text)
  const manifest: Manifest = {
    format: FORMAT,
    frontdesk: VERSION,
    begun: begun.toISOString(),
    ended: clock.now().toISOString(),
    database,
    blobs: here === null ? 'bucket' : 'here',
    secret: config.secret === null ? 'here' : 'environment',
    files: {
      count: lines.length,
      bytes: blobs.bytes + (await bytesOf(folder, lines)),
      sums: await hashOf(path.join(folder, SUMS)),
    },
    damaged: blobs.damaged,
    missing: here === null ? [] : [...hashes].filter((hash) => !there.has(hash)),
  }
  await sync(root)
  // All that it speaks of is on disk by now.
  await writeDurably(path.join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  return { folder, manifest, freshBlobs: blobs.fresh }
}

const takeDatabase = (config: Config, folder: string): Promise<TakenDatabase> =>
  isPostgres(config)
    ? takePostgres(config.databaseUrl, path.join(folder, 'database.dump'))
    : takeSqlite(sqliteFile(config.databaseUrl), path.join(folder, 'frontdesk.db'))

/** @returns what was taken, relative to the backup. */
async function takeFolder(folder: string, from: string, to: string, wanted: RegExp): Promise<string[]> {
  const names = (await namesIn(from)).filter((name) => wanted.test(name))
  const taken: string[] = []
  if (names.length === 0) return taken
  await makeDir(path.join(folder, to))
  await each(names, async (name) => {
    try {
      await copyDurably(path.join(from, name), path.join(folder, to, name))
      taken.push(path.posix.join(to, name))
    } catch (error) {
      // The desk took it meanwhile: then the database that is copied next has it.
      if (!isMissing(error)) throw error
    }
  })
  await sync(path.join(folder, to))
  if (to.includes('/')) await sync(path.join(folder, path.dirname(to)))
  return taken.sort()
}

async function withHashes(folder: string, files: string[]): Promise<Line[]> {
  const lines: Line[] = []
  for (const file of files) lines.push({ sha256: await hashOf(path.join(folder, file)), file })
  return lines
}

async function bytesOf(folder: string, lines: Line[]): Promise<number> {
  let bytes = 0
  for (const { file } of lines)
    if (!file.startsWith('..')) bytes += (await stat(path.join(folder, file))).size
  return bytes
}

/** What the last backup found damaged is looked at again: its bytes are not those of its name. */
function suspectsIn(root: string): Set<string> {
  try {
    return new Set(parse(locate(root)).damaged)
  } catch (error) {
    if (error instanceof BackupError) return new Set()
    throw error
  }
}
