// frontdesk plugin migration: SQL for what changed in the tables of the plugin in this folder, for both databases.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isMigrationName, makeMigrations } from '../../db/make-migrations.js'
import type { Plugin } from '../../plugin/define.js'
import { prefixOf } from '../../plugin/tables.js'
import { type Command, say, UsageError } from '../command.js'

export const pluginMigration: Command = {
  name: 'plugin migration',
  usage: 'plugin migration NAME [MODULE]',
  summary: 'Write migrations for the changed tables of a plugin; MODULE: its compiled code (dist/index.js).',
  async run({ args }) {
    const [name = '', module = 'dist/index.js', ...more] = args
    if (!isMigrationName(name) || more.length > 0)
      throw new UsageError(`usage: frontdesk ${this.usage}   (NAME: lower-case letters, digits, _)`)
    const file = path.resolve(module)
    if (!existsSync(file)) throw new UsageError(`${file} is not there: compile the plugin first`)
    const plugin = ((await import(pathToFileURL(file).href)) as { default?: Plugin }).default
    if (!plugin?.tables || !plugin.migrations)
      throw new UsageError(`${file} does not export a plugin with tables and migrations as default`)
    const files = await makeMigrations({
      tables: plugin.tables,
      prefix: prefixOf(plugin.name),
      folder: fileURLToPath(plugin.migrations),
      name,
    })
    for (const file of files) say(file)
    if (files.length === 0) say('nothing changed')
    return undefined
  },
}
