// Writes migrations/<dialect>/NNNN_NAME.sql for what changed in tables since their last snapshot, for both databases.
// drizzle-kit does the comparing; it is a tool of developers, so it is loaded only here and only when asked.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Kit, postgresKit, sqliteKit } from './kit.js'

export interface MakeMigrations {
  tables: (c: Kit) => Record<string, unknown>
  /** Put before every table and index; a plugin's. */
  prefix?: string
  /** Gets `sqlite` and `postgres`. */
  folder: string
  /** What it does: lower-case letters, digits and `_`. */
  name: string
}

export const isMigrationName = (name: string): boolean => /^[a-z0-9_]+$/.test(name)

/** @returns the files it wrote; nothing for a dialect in which nothing changed. */
export async function makeMigrations({
  tables,
  prefix = '',
  folder,
  name,
}: MakeMigrations): Promise<string[]> {
  const kit = await loadDrizzleKit()
  const sqlite = await kit.generateSQLiteDrizzleJson(tables(sqliteKit(prefix)), undefined, 'snake_case')
  const sqliteBefore = readSnapshot(folder, 'sqlite') ?? (await kit.generateSQLiteDrizzleJson({}))
  const postgres = kit.generateDrizzleJson(tables(postgresKit(prefix)), undefined, undefined, 'snake_case')
  const postgresBefore = readSnapshot(folder, 'postgres') ?? kit.generateDrizzleJson({})
  return [
    ...write(folder, 'sqlite', name, sqlite, [
      ...(await kit.generateSQLiteMigration(sqliteBefore as typeof sqlite, sqlite)).map(strict),
    ]),
    ...write(folder, 'postgres', name, postgres, [
      ...(await kit.generateMigration(postgresBefore as typeof postgres, postgres)),
    ]),
  ]
}

// SQLite stores 'abc' in an INTEGER column unless the table is STRICT; drizzle cannot say so.
const strict = (statement: string) =>
  statement.startsWith('CREATE TABLE') ? statement.replace(/\);\s*$/, ') STRICT;') : statement

type DrizzleKit = typeof import('drizzle-kit/api')

/** From the package that is being worked on, then from frontdesk's own. */
async function loadDrizzleKit(): Promise<DrizzleKit> {
  const here = createRequire(import.meta.url)
  for (const require of [createRequire(path.join(process.cwd(), 'package.json')), here])
    try {
      return (await import(pathToFileURL(require.resolve('drizzle-kit/api')).href)) as DrizzleKit
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  throw new Error('drizzle-kit is needed to write migrations: npm install --save-dev drizzle-kit')
}

function readSnapshot(folder: string, dialect: string): unknown {
  const file = path.join(folder, dialect, 'snapshot.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function write(folder: string, dialect: string, name: string, snapshot: object, statements: string[]) {
  if (statements.length === 0) return []
  const dir = path.join(folder, dialect)
  mkdirSync(dir, { recursive: true })
  const number = readdirSync(dir).filter((file) => file.endsWith('.sql')).length + 1
  const file = path.join(dir, `${String(number).padStart(4, '0')}_${name}.sql`)
  writeFileSync(file, `${statements.join('\n--> statement-breakpoint\n')}\n`)
  writeFileSync(path.join(dir, 'snapshot.json'), `${JSON.stringify(snapshot, null, 1)}\n`)
  return [file]
}
