// Both databases for a test: SQLite in a file, PostgreSQL as PGlite in this process. One PGlite serves a whole
// test file; each test gets a schema of its own, because a start takes seconds.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { prepare } from '../app/database.js'
import { ROOT } from '../app/root.js'
import type { Clock } from '../clock.js'
import { openPostgres } from '../db/postgres.js'
import { openSqlite } from '../db/sqlite.js'
import type { Db } from '../db/types.js'

export type DatabaseName = 'sqlite' | 'postgres'

export function tempDir(): { dir: string; remove(): void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'frontdesk-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export async function openTestDatabase(name: DatabaseName, dir: string, clock: Clock): Promise<Db> {
  if (name === 'sqlite') return prepare(openSqlite({ file: path.join(dir, 'frontdesk.db'), clock }))
  return prepare(await openPglite(clock))
}

type Pglite = import('@electric-sql/pglite').PGlite

/** Making a cluster takes seconds of CPU, reading one a tenth of it: the first one made is kept for all test files. */
async function startPglite(PGlite: typeof import('@electric-sql/pglite').PGlite): Promise<Pglite> {
  const kept = path.join(ROOT, 'node_modules', '.cache', `frontdesk-pglite-${pgliteVersion()}.tar`)
  if (existsSync(kept)) return PGlite.create({ loadDataDir: new Blob([readFileSync(kept)]) })
  const client = await PGlite.create()
  const dump = await client.dumpDataDir('none')
  const own = `${kept}.${process.pid}`
  mkdirSync(path.dirname(kept), { recursive: true })
  writeFileSync(own, Buffer.from(await dump.arrayBuffer()))
  renameSync(own, kept)
  return client
}

const pgliteVersion = (): string =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.resolve('@electric-sql/pglite')), 'utf8'))
    .version

let shared: Promise<Pglite> | undefined
let users = 0

async function openPglite(clock: Clock): Promise<Db> {
  const [{ PGlite }, { drizzle }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('drizzle-orm/pglite'),
  ])
  shared ??= startPglite(PGlite)
  const client = await shared
  if (users++ > 0)
    throw new Error('PGlite has one connection: close the test database before you open the next')
  await client.exec('drop schema public cascade; create schema public;')
  const pg = drizzle({ client, casing: 'snake_case' })
  return openPostgres({
    pg,
    clock,
    async close() {
      users--
    },
  })
}

/** Ends the PGlite of this process, so that the test file can end. */
export async function closePglite(): Promise<void> {
  const client = await shared
  shared = undefined
  await client?.close()
}
