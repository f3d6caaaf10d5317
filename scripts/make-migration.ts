// npm run make:migration NAME: writes migrations/<dialect>/NNNN_NAME.sql for what changed in the tables since the
// last snapshot, for both databases. Read what it wrote before you commit it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  generateDrizzleJson,
  generateMigration,
  generateSQLiteDrizzleJson,
  generateSQLiteMigration,
} from 'drizzle-kit/api'
import { postgresKit, sqliteKit } from '../src/db/kit.js'
import { coreTables } from '../src/db/tables/index.js'

const root = path.resolve(import.meta.dirname, '../..')
const name = process.argv[2]
if (!name || !/^[a-z0-9_]+$/.test(name)) {
  console.error('usage: npm run make:migration -- NAME   (lower-case letters, digits, _)')
  process.exit(2)
}

// SQLite stores 'abc' in an INTEGER column unless the table is STRICT; drizzle cannot say so.
const strict = (statement: string) =>
  statement.startsWith('CREATE TABLE') ? statement.replace(/\);\s*$/, ') STRICT;') : statement

const sqlite = await generateSQLiteDrizzleJson(coreTables(sqliteKit()), undefined, 'snake_case')
const postgres = generateDrizzleJson(coreTables(postgresKit()), undefined, undefined, 'snake_case')
write(
  'sqlite',
  sqlite,
  (await generateSQLiteMigration(before('sqlite', await emptySqlite()), sqlite)).map(strict),
)
write('postgres', postgres, await generateMigration(before('postgres', generateDrizzleJson({})), postgres))

function emptySqlite() {
  return generateSQLiteDrizzleJson({})
}

function before<T>(dialect: string, empty: T): T {
  const file = path.join(root, 'migrations', dialect, 'snapshot.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : empty
}

function write(dialect: string, snapshot: object, statements: string[]) {
  const dir = path.join(root, 'migrations', dialect)
  if (statements.length === 0) return console.log(`${dialect}: nothing changed`)
  const number = readdirSync(dir).filter((file) => file.endsWith('.sql')).length + 1
  const file = path.join(dir, `${String(number).padStart(4, '0')}_${name}.sql`)
  writeFileSync(file, `${statements.join('\n--> statement-breakpoint\n')}\n`)
  writeFileSync(path.join(dir, 'snapshot.json'), `${JSON.stringify(snapshot, null, 1)}\n`)
  console.log(file)
}
