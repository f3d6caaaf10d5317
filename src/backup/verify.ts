// Whether a backup is what its manifest says, byte for byte. Reads everything, changes nothing.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT, VERSION } from '../app/root.js'
import { readMigrations } from '../db/migrate.js'
import { BackupError } from './errors.js'
import { each, hashOf, isMissing } from './files.js'
import { type Line, locate, type Manifest, readLines, readManifest, SUMS } from './manifest.js'
import { inspectSqlite } from './sqlite.js'

export interface Verified {
  folder: string
  manifest: Manifest
  lines: Line[]
}

/** Of the version that would restore it. @throws BackupError */
export function openBackup(from: string): { folder: string; manifest: Manifest } {
  const folder = locate(from)
  const known = (kind: string) => readMigrations(path.join(ROOT, 'migrations'), kind).map(({ name }) => name)
  return { folder, manifest: readManifest(folder, VERSION, known) }
}

/** @throws BackupError with what is wrong first, and with how many more. */
export async function verifyBackup(from: string): Promise<Verified> {
  const { folder, manifest } = openBackup(from)
  const sums = path.join(folder, SUMS)
  if ((await hashIfThere(sums)) !== manifest.files.sums)
    throw new BackupError(`${sums} is not the one that was written with the manifest`)
  const lines = readLines(await readFile(sums, 'utf8'))
  const problems: string[] = []
  if (lines.length !== manifest.files.count) problems.push(`${SUMS} has ${lines.length} lines`)
  if (!lines.some(({ file }) => file === manifest.database.file)) problems.push('it has no database')
  await each(lines, async ({ file, sha256 }) => {
    const found = await hashIfThere(path.join(folder, file))
    if (found === null) problems.push(`${file} is missing`)
    else if (found !== sha256) problems.push(`${file} was changed`)
  })
  if (problems.length > 0) {
    const shown = problems.sort().slice(0, 10).join('\n  ')
    const more = problems.length > 10 ? `\n  … and ${problems.length - 10} more` : ''
    throw new BackupError(`the backup ${folder} is damaged:\n  ${shown}${more}`)
  }
  if (manifest.database.kind === 'sqlite') inspectSqlite(path.join(folder, manifest.database.file))
  return { folder, manifest, lines }
}

async function hashIfThere(file: string): Promise<string | null> {
  try {
    return await hashOf(file)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
