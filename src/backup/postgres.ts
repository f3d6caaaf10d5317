// The database of a backup on PostgreSQL: pg_dump and pg_restore, which must be on the PATH. What is counted and what
// is dumped is one snapshot.
import { execFile } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { BackupError } from './errors.js'
import { sync } from './files.js'
import type { TakenDatabase } from './sqlite.js'

export async function takePostgres(url: string, to: string): Promise<TakenDatabase> {
  return withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read read only')
    const [taken] = await rowsOf<{ snapshot: string; schema: string }>(
      client,
      'select pg_export_snapshot() as snapshot, current_schema() as schema',
    )
    const { snapshot, schema } = taken!
    const counted = await inspect(client)
    // Without a schema of its own the desk lies in `public`, which every database has already.
    const own = schema === 'public' ? [] : ['--schema', schema]
    await tool('pg_dump', url, [
      ...['--format=custom', '--no-owner', '--no-privileges', '--snapshot', snapshot],
      ...['--lock-wait-timeout=60000', ...own, '--file', to],
    ])
    await chmod(to, 0o600)
    await sync(to)
    return { kind: 'postgres', file: 'database.dump', ...counted }
  })
}

/** @returns rows by table, as they are there afterwards. */
export async function restorePostgres(url: string, dump: string): Promise<Record<string, number>> {
  return withClient(url, async (client) => {
    const there = await tablesOf(client)
    if (there.length > 0)
      throw new BackupError(
        `the database that DATABASE_URL names is not empty (${there.slice(0, 3).join(', ')} …): nothing is ever overwritten; give an empty one`,
      )
    await tool('pg_restore', url, [
      ...['--no-owner', '--no-privileges', '--single-transaction', '--exit-on-error', dump],
    ])
    return (await inspect(client)).tables
  })
}

export async function isEmptyPostgres(url: string): Promise<boolean> {
  return withClient(url, async (client) => (await tablesOf(client)).length === 0)
}

async function inspect(client: pg.Client) {
  const names = await tablesOf(client)
  if (!names.includes('schema_migrations'))
    throw new BackupError('the database that DATABASE_URL names holds no desk')
  const tables: Record<string, number> = {}
  for (const name of names) {
    const [row] = await rowsOf<{ count: string }>(
      client,
      `select count(*) as count from ${client.escapeIdentifier(name)}`,
    )
    tables[name] = Number(row!.count)
  }
  const hashes = await rowsOf<{ hash: string }>(
    client,
    'select raw_hash as hash from intakes union select hash from attachments',
  )
  return {
    tables,
    migrations: await rowsOf<{ scope: string; name: string }>(
      client,
      'select scope, name from schema_migrations order by scope, name',
    ),
    hashes: new Set(hashes.map(({ hash }) => hash)),
  }
}

const tablesOf = async (client: pg.Client): Promise<string[]> =>
  (
    await rowsOf<{ name: string }>(
      client,
      `select table_name as name from information_schema.tables
       where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`,
    )
  ).map(({ name }) => name)

const rowsOf = async <Row>(client: pg.Client, text: string): Promise<Row[]> =>
  (await client.query(text)).rows as Row[]

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'frontdesk backup' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The password goes by the environment: arguments can be read by every user of the machine. */
async function tool(name: string, url: string, args: string[]): Promise<void> {
  const address = new URL(url)
  const PGPASSWORD = decodeURIComponent(address.password)
  address.password = ''
  // Of the driver alone; PostgreSQL's own tools refuse what they do not know.
  address.searchParams.delete('uselibpqcompat')
  // They do not read `+` as a space.
  address.search = address.search.replaceAll('+', '%20')
  const env = { ...process.env, ...(PGPASSWORD && { PGPASSWORD }) }
  try {
    await promisify(execFile)(name, [...args, '--dbname', address.href], { env, maxBuffer: 1 << 24 })
  } catch (error) {
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { stderr?: string }
    if (code === 'ENOENT')
      throw new BackupError(
        `${name} is not on the PATH: install the client tools of PostgreSQL, of the server's version or newer`,
      )
    throw new BackupError(`${name} failed: ${stderr.trim().slice(0, 2000)}`)
  }
}
