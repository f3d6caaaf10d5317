// Both databases for a test: SQLite in a file, and PostgreSQL. That is PGlite in this process, one for a whole test
// file because a start takes seconds; or the server that FRONTDESK_TEST_POSTGRES names, with a schema for each test.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import SqliteDriver from 'better-sqlite3'
import { prepare } from '../app/database.js'
import { ROOT } from '../app/root.js'
import { type Clock, newId, systemClock } from '../clock.js'
import { drizzleConnection, openPostgres, type Pg } from '../db/postgres.js'
import { openPool } from '../db/postgres-pool.js'
import { openSqlite } from '../db/sqlite.js'
import type { Db } from '../db/types.js'

export type DatabaseName = 'sqlite' | 'postgres'

export function tempDir(): { dir: string; remove(): void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'frontdesk-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export async function openTestDatabase(name: DatabaseName, dir: string, clock: Clock): Promise<Db> {
  if (name === 'sqlite')
    return prepare(
      openSqlite({ file: path.join(dir, 'frontdesk.db'), clock, connect: withoutWaitingForDisk }),
    )
  const server = testServer()
  if (!server) return prepare(await openPglite(clock))
  const schema = await createSchema(server)
  const driver = openPool({ url: schema.url, clock: systemClock, size: 6 })
  const close = () => driver.close().then(schema.drop)
  return prepare(openPostgres({ driver: { ...driver, close }, clock }))
}

/** What a test writes need not outlive the power: hundreds of waits for the disk in each file. Tests of that open theirs. */
function withoutWaitingForDisk(file: string, options: SqliteDriver.Options): SqliteDriver.Database {
  const connection = new SqliteDriver(file, options)
  const pragma = connection.pragma.bind(connection)
  connection.pragma = (source, more) =>
    pragma(source.replace('synchronous = FULL', 'synchronous = OFF'), more)
  return connection
}

/** The address of a real PostgreSQL for tests, where there is one. Only here: nothing else reads it. */
export const testServer = (): string | undefined => asked('FRONTDESK_TEST_POSTGRES')

/** The address of a Redis that tests may use, each with a prefix of its own. Only here as well. */
export const testRedis = (): string | undefined => asked('FRONTDESK_TEST_REDIS')

/** A test file that never comes by here does the same with servers as without: `npm run test:servers` leaves it out. */
function asked(name: string): string | undefined {
  const mark = process.env.FRONTDESK_TEST_ASKED
  if (mark) writeFileSync(mark, '')
  return process.env[name] || undefined
}

/** A schema of its own on the server of the tests: what its address leads to is empty. */
export async function createSchema(server: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${newId().replaceAll('-', '')}`
  const url = new URL(server)
  url.searchParams.set('options', `-c search_path=${name} -c client_min_messages=warning`)
  await tell(server, `create schema ${name}`)
  return { url: url.href, drop: () => tell(server, `drop schema ${name} cascade`) }
}

async function tell(server: string, statement: string): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

type Pglite = import('@electric-sql/pglite').PGlite

/** A test file ends before the optimising compiler of WebAssembly has paid for itself: half of the time of a start. */
function compileQuickly(): void {
  setFlagsFromString('--liftoff-only')
  setFlagsFromString('--wasm-lazy-compilation')
}

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
  if (!shared) compileQuickly()
  const [{ PGlite }, { drizzle }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('drizzle-orm/pglite'),
  ])
  shared ??= startPglite(PGlite)
  const client = await shared
  if (users++ > 0)
    throw new Error('PGlite has one connection: close the test database before you open the next')
  await client.exec('drop schema public cascade; create schema public;')
  const pg = drizzle({ client, casing: 'snake_case' }) as unknown as Pg
  return openPostgres({
    driver: {
      reading: drizzleConnection(pg),
      transaction: (work) => pg.transaction((tx) => work(drizzleConnection(tx))),
      check: async () => ({ ok: true, detail: 'answers' }),
      async close() {
        users--
      },
    },
    clock,
  })
}

/** Ends the PGlite of this process, so that the test file can end. */
export async function closePglite(): Promise<void> {
  const client = await shared
  shared = undefined
  await client?.close()
}
