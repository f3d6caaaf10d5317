// frontdesk inbox create | list
import { asc } from 'drizzle-orm'
import { createInbox } from '../../tickets/inboxes.js'
import { type Command, say, UsageError } from '../command.js'
import { withDb } from '../desk.js'

// The same characters that bin/frontdesk-pipe takes.
const ADDRESS = /^(?!\.)[A-Za-z0-9.!#$%&'*+=?^_`{|}~-]+@[A-Za-z0-9.-]+$/

export const inboxCreate: Command = {
  name: 'inbox create',
  usage: 'inbox create ADDRESS [--name NAME] [--group GROUP]',
  summary: 'Create an inbox: an address whose mail becomes tickets.',
  options: { name: { type: 'string' }, group: { type: 'string' } },
  async run({ args, values, config }) {
    const [address = ''] = args
    if (args.length !== 1 || !ADDRESS.test(address) || address.length > 200)
      throw new UsageError(`not an address for an inbox: "${address}"\nusage: frontdesk ${this.usage}`)
    const { name, group } = values as { name?: string; group?: string }
    const inbox = await withDb(config, (db) =>
      db.transaction((tx) => createInbox(tx, { address, ...(name && { name }), ...(group && { group }) })),
    )
    say(`created ${inbox.address}`)
    return 0
  },
}

export const inboxList: Command = {
  name: 'inbox list',
  usage: 'inbox list',
  summary: 'List the inboxes, one a line.',
  async run({ config }) {
    const rows = await withDb(config, (db) =>
      db.select().from(db.t.inboxes).orderBy(asc(db.t.inboxes.address)),
    )
    for (const { address } of rows) say(address)
    return 0
  },
}
