// frontdesk migrate: brings the database up to date, as every start does too.
import { type Command, say } from '../command.js'
import { withDb } from '../desk.js'

export const migrateCommand: Command = {
  name: 'migrate',
  usage: 'migrate',
  summary: 'Bring the database up to date without starting the server.',
  async run({ config }) {
    await withDb(config, async () => undefined)
    say('the database is up to date')
    return 0
  },
}
