// A plugin with one of everything that routes of the core touch, for the tests that are generated from all routes.
import Type from 'typebox'
import { createTicket, definePlugin, defineWorkflow } from '../../src/plugin/index.js'

const stay = defineWorkflow('probe.stay', 'booked', { booked: ['arrived'], arrived: [] })

export const probe = definePlugin({
  name: 'probe',
  version: '1.0.0',
  api: '^1.0.0',
  fields: { room: { schema: Type.String({ maxLength: 20 }), description: 'Number of the room' } },
  workflows: [stay],
  panels: [
    {
      slot: 'ticket',
      title: 'Probe',
      element: 'probe-panel',
      module: new URL('./probe.js', import.meta.url),
    },
  ],
  setup(app) {
    app.filter(createTicket, 'nothing', () => undefined)
  },
})
