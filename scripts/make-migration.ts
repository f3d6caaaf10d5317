// npm run make:migration -- NAME [PLUGIN]: migrations for what changed in the tables of the core, or of a plugin of
// this repository. Read what it wrote before you commit it.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMigrationName, makeMigrations } from '../src/db/make-migrations.js'
import { coreTables } from '../src/db/tables/index.js'
import type { Plugin } from '../src/plugin/define.js'
import { prefixOf } from '../src/plugin/tables.js'

const root = path.resolve(import.meta.dirname, '../..')
const [name, plugin] = process.argv.slice(2)
if (!name || !isMigrationName(name)) {
  console.error('usage: npm run make:migration -- NAME [PLUGIN]   (NAME: lower-case letters, digits, _)')
  process.exit(2)
}

const files = await makeMigrations({ name, ...(plugin === undefined ? core() : await ofPlugin(plugin)) })
for (const file of files) console.log(file)
if (files.length === 0) console.log('nothing changed')

function core() {
  return { tables: coreTables, folder: path.join(root, 'migrations') }
}

async function ofPlugin(name: string) {
  const module = pathToFileURL(path.join(root, 'dist', 'plugins', name, 'index.js')).href
  const { tables = () => ({}) } = ((await import(module)) as { default: Plugin }).default
  return { tables, prefix: prefixOf(name), folder: path.join(root, 'plugins', name, 'migrations') }
}
