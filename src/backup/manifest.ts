// What a backup says of itself. manifest.json is written last: without it there is no backup. SHA256SUMS has a line
// for each file, as `sha256sum -c` reads it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import semver from 'semver'
import { BackupError } from './errors.js'

export const FORMAT = 1
export const MANIFEST = 'manifest.json'
export const SUMS = 'SHA256SUMS'

export interface Manifest {
  format: number
  /** Version of frontdesk that wrote it. */
  frontdesk: string
  begun: string
  ended: string
  database: DatabasePart
  /** `here`, or the store that has them. */
  blobs: string
  secret: 'here' | 'environment'
  files: { count: number; bytes: number; sums: string }
  /** Blobs whose bytes are not those of their name, and blobs that rows name but nobody has: so in the desk already. */
  damaged: string[]
  missing: string[]
}

export interface DatabasePart {
  kind: 'sqlite' | 'postgres'
  file: string
  migrations: { scope: string; name: string }[]
  /** Rows by table. */
  tables: Record<string, number>
}

export interface Line {
  sha256: string
  /** Relative to the folder of the backup. */
  file: string
}

const FOLDER = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/
export const folderNameOf = (at: Date): string => at.toISOString().replace(/[:.]/g, '-')

/** A backup itself, or the newest whole one in a folder of them. */
export function locate(from: string): string {
  if (existsSync(path.join(from, MANIFEST))) return path.resolve(from)
  const names = existsSync(from) ? readdirSync(from).filter((name) => FOLDER.test(name)) : []
  const newest = names
    .sort()
    .reverse()
    .find((name) => existsSync(path.join(from, name, MANIFEST)))
  if (newest) return path.resolve(from, newest)
  const why = names.length > 0 ? 'only unfinished ones, without a manifest' : 'no manifest, none inside'
  throw new BackupError(`there is no backup at ${from}: ${why}`)
}

/** @param known names of the migrations of the core that this version has, for the database of the backup. */
export function readManifest(folder: string, version: string, known: (kind: string) => string[]): Manifest {
  const manifest = parse(folder)
  if (manifest.format > FORMAT)
    throw new BackupError(`the backup has the format ${manifest.format}: install a newer frontdesk`)
  if (semver.gt(manifest.frontdesk, version))
    throw new BackupError(
      `the backup was made by frontdesk ${manifest.frontdesk}, this is ${version}: install that version or a newer one`,
    )
  const here = new Set(known(manifest.database.kind))
  const newer = manifest.database.migrations.find(({ scope, name }) => scope === 'core' && !here.has(name))
  if (newer)
    throw new BackupError(
      `the backup is of a newer version (the migration ${newer.name} is unknown here): install that version`,
    )
  return manifest
}

export function parse(folder: string): Manifest {
  const file = path.join(folder, MANIFEST)
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest
    if (Number.isInteger(manifest.format)) return manifest
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new BackupError(`${file} is not the manifest of a backup`)
}

// Nothing else is ever restored: a path from a file is not to be trusted.
const RESTORED = [
  /^frontdesk\.db$/,
  /^database\.dump$/,
  /^secret$/,
  /^spool\/new\/[^/\\\n]+$/,
  /^outbox\/[^/\\\n]+\.eml$/,
  /^\.\.\/blobs\/[0-9a-f]{2}\/[0-9a-f]{64}$/,
]

export const writeLine = ({ sha256, file }: Line): string => `${sha256}  ${file}\n`

export function readLines(text: string): Line[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, sha256, file] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? []
      if (!sha256 || !file || !RESTORED.some((pattern) => pattern.test(file)))
        throw new BackupError(`${SUMS} has a line that no backup has: ${JSON.stringify(line.slice(0, 200))}`)
      return { sha256, file }
    })
}
