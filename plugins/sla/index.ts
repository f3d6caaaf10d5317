// sla: when is an answer due, is it late, and why. What the plugin has; the rules are in engine/.
import { definePlugin } from 'frontdesk/plugin'
import { calcCommand } from './commands.js'
import { fields } from './fields.js'
import { permissions } from './permissions.js'
import { settings } from './settings.js'
import { tables } from './tables.js'
import { evaluateRoute } from './what-if/evaluate.js'

export default definePlugin({
  name: 'sla',
  version: '1.0.0',
  api: '^1.0.0',
  description: 'Calendars, policies and timers of service levels, with the reason of every due time.',
  tables,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  permissions,
  fields,
  commands: [calcCommand],
  setup(app) {
    evaluateRoute(app)
  },
})
