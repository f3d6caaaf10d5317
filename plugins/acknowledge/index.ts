// acknowledge: tells people that their message has arrived, and keeps quiet wherever that could do harm
// (RFC 3834). This file says what the plugin has; the way of one ticket is in answer.ts.
import { DAY, definePlugin, ticketCreated } from 'frontdesk/plugin'
import { acknowledge } from './answer.js'
import { sent } from './events.js'
import { prune } from './prune.js'
import { answersRoute } from './route.js'
import { settings } from './settings.js'
import { tables } from './tables.js'

export default definePlugin({
  name: 'acknowledge',
  version: '1.0.0',
  api: '^1.0.0',
  description: 'Answers new tickets once with a short acknowledgement, in the language of the sender.',
  tables,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  permissions: { read: 'See which tickets were acknowledged, and why others were not' },
  events: [sent],
  setup(app) {
    app.on(ticketCreated, 'answer', async ({ ticketId }, job) => {
      if (!app.settings().enabled) return
      await app.db.transaction(async (tx) => {
        await acknowledge(app, tx, ticketId)
        await job.complete(tx)
      })
    })
    app.job('prune', { every: DAY, run: prune(app) })
    app.route(answersRoute(app))
  },
})
