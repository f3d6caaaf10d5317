// frontdesk migrate: brings the database up to date, as every start does too; with the tables of the listed plugins.
import { ROOT } from '../../app/root.js'
import { loadPlugins } from '../../plugin/load.js'
import { migratePlugin } from '../../plugin/tables.js'
import { type Command, say } from '../command.js'
import { withDb } from '../desk.js'

export const migrateCommand: Command = {
  name: 'migrate',
  usage: 'migrate',
  summary:
    'Bring the database, and the tables of the listed plugins, up to date without starting the server.',
  async run({ config }) {
    const plugins = await loadPlugins(config.plugins, ROOT, process.cwd())
    await withDb(config, async (db) => {
      for (const plugin of plugins) await migratePlugin(db, plugin)
    })
    say('the database is up to date')
    return 0
  },
}
