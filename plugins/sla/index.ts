// sla: when is an answer due, is it late, and why. What the plugin has; the rules are in engine/.
import { definePlugin } from 'frontdesk/plugin'
import { provideActions } from './actions/service.js'
import { setUpCalendars } from './calendar/index.js'
import { calcCommand } from './commands.js'
import { stepReached, timerBreached } from './events.js'
import { fields } from './fields.js'
import { setUpNotices } from './notices/index.js'
import { permissions } from './permissions.js'
import { policyRoutes } from './policy/routes.js'
import { reportRoutes } from './report/routes.js'
import { settings } from './settings.js'
import { tables } from './tables.js'
import { queriesOf } from './ticket/queries.js'
import { ticketRoute } from './ticket/route.js'
import { verifyCommand } from './ticket/verify-command.js'
import { walker } from './ticket/walk.js'
import { watch } from './ticket/watch.js'
import { evaluateRoute, simulateRoute } from './what-if/routes.js'

export { slaActions } from './actions/service.js'

export default definePlugin({
  name: 'sla',
  version: '1.0.0',
  api: '^1.1.0',
  description: 'Calendars, policies and timers of service levels, with the reason of every due time.',
  tables,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  permissions,
  fields,
  events: [timerBreached, stepReached],
  commands: [calcCommand],
  panels: [
    {
      slot: 'ticket',
      title: 'Service levels',
      element: 'sla-timers',
      module: new URL('./panel/sla-timers.js', import.meta.url),
    },
  ],
  setup(app) {
    provideActions(app)
    const parts = watch(app, queriesOf(app))
    const { books } = parts
    const walk = walker(parts)
    app.onReturn((tx, { since }) => walk.begin(tx, { kind: 'return', id: 'all', since: since.getTime() }))
    const calendars = setUpCalendars(app, {
      onNewVersion: (tx, id) => walk.begin(tx, { kind: 'calendar', id }),
    })
    policyRoutes({ app, books, changed: (tx, id) => walk.begin(tx, { kind: 'policy', id }) }, async (tx) => {
      const { revision } = await books.newest(tx)
      await walk.begin(tx, { kind: 'reapply', id: 'all', revision, at: tx.now.getTime() })
    })
    ticketRoute(parts)
    reportRoutes(app, books)
    setUpNotices(app)
    app.command(verifyCommand(parts))
    evaluateRoute(app)
    simulateRoute(parts, calendars.resolve)
  },
})
