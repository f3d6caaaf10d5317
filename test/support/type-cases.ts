// Mistakes that the types of the plugin API must catch. A line that must not compile ends with `// wrong`.

const before = `
import { createTicket, defineEvent, definePlugin, defineService, defineWorkflow, ticketCreated } from 'frontdesk/plugin'
import Type from 'typebox'

const opened = defineEvent('hotel.opened', Type.Object({ id: Type.String() }))
const theirs = defineEvent('spa.opened', Type.Object({ id: Type.String() }))
const stay = defineWorkflow('hotel.stay', 'booked', { booked: ['arrived'], arrived: ['left'], left: [] })
const keys = defineService<{ keyOf(room: string): string }>()('hotel.keys')
const towels = defineService<{ count(): number }>()('spa.towels')
`

/** The code stands in the setup of a plugin `hotel` that has one of each. */
const inSetup = (code: string) => `${before}
export default definePlugin({
  name: 'hotel',
  version: '1.0.0',
  api: '^1.0.0',
  tables: (c) => ({ rooms: c.table('rooms', { number: c.text().primaryKey(), floor: c.int().notNull() }) }),
  migrations: new URL('./migrations/', import.meta.url),
  settings: Type.Object({ floors: Type.Integer({ default: 3 }) }),
  permissions: { manage: 'Manage rooms' },
  fields: { room: { schema: Type.String(), description: 'Room' } },
  workflows: [stay],
  events: [opened],
  setup(app) {
    const stages = app.workflow(stay)
    const clean = app.job<{ room: string }>('clean', { run: async (job) => void job.data.room })
${code}
  },
})
`

export const RIGHT = inSetup(`
    app.provide(keys, { keyOf: (room) => room })
    app.find(towels)?.count().toFixed()
    app.filter(createTicket, 'floors', (_tx, ticket) => ({
      ...ticket,
      tags: [...ticket.tags, app.settings().floors.toFixed()],
    }))
    app.on(ticketCreated, 'start', ({ ticketId }) =>
      app.db.transaction(async (tx) => {
        await tx.insert(app.tables.rooms).values({ number: '12', floor: 1 })
        await app.fields.room.set(tx, ticketId, '12')
        await stages.start(tx, ticketId)
        await stages.move(tx, ticketId, 'arrived')
        await app.setFields(tx, [{ ticketId, values: { room: '12' } }, { ticketId, values: { room: null } }])
        ;(await app.readFields(tx, [ticketId])).get(ticketId)?.room?.toUpperCase()
        await clean.schedule(tx, { room: '12' }, { key: '12' })
        await clean.scheduleMany(tx, [{ data: { room: '12' }, key: '12' }])
        await app.emit(tx, opened, { id: ticketId })
      }),
    )
    app.route({
      method: 'GET',
      url: '/rooms/:number',
      permission: app.permissions.manage,
      summary: 'A room',
      params: Type.Object({ number: Type.String() }),
      response: { 200: Type.Object({ floor: Type.Integer() }) },
      handler: async ({ params }) => ({ floor: params.number.length }),
    })
    app.db.select().from(app.tables.rooms).then(([room]) => room?.floor.toFixed())
`)

const inTransaction = (line: string) =>
  inSetup(`    app.onStart(() => app.db.transaction(async (tx) => {
      ${line} // wrong
    }))`)

export const WRONG: Readonly<Record<string, string>> = {
  'a setting that does not exist': inSetup('    app.settings().doors // wrong'),
  'a setting of another type': inSetup('    app.settings().floors.toUpperCase() // wrong'),
  'writing without a transaction': inSetup(
    "    app.db.insert(app.tables.rooms).values({ number: '1', floor: 1 }) // wrong",
  ),
  'a row that lacks a column': inTransaction("await tx.insert(app.tables.rooms).values({ number: '12' })"),
  'a core table by the transaction': inTransaction('await tx.select().from(tx.t.tickets)'),
  'a field value of another type': inTransaction("await app.fields.room.set(tx, 'id', 12)"),
  'a field that does not exist': inTransaction("await app.fields.bed.set(tx, 'id', '12')"),
  'a value of another type among many': inTransaction(
    "await app.setFields(tx, [{ ticketId: 'id', values: { room: 12 } }])",
  ),
  'a field among many that does not exist': inTransaction(
    "await app.setFields(tx, [{ ticketId: 'id', values: { bed: '12' } }])",
  ),
  'data of another shape among many jobs': inTransaction(
    "await clean.scheduleMany(tx, [{ data: { key: '12' } }])",
  ),
  'a `when` about a payload that an event does not have': inSetup(
    "    app.on(ticketCreated, 'read', async () => {}, { when: ({ messageId }) => !messageId }) // wrong",
  ),
  'a stage that does not exist': inTransaction("await stages.move(tx, 'id', 'lost')"),
  "another plugin's event": inTransaction("await app.emit(tx, theirs, { id: '12' })"),
  'a payload of another shape': inTransaction('await app.emit(tx, opened, { room: 12 })'),
  'data of a job of another shape': inTransaction("await clean.schedule(tx, { key: '12' })"),
  'changing the value of a filter': inSetup(`    app.filter(createTicket, 'change', (_tx, ticket) => {
      ticket.subject = 'x' // wrong
      ticket.tags.push('x') // wrong
      return undefined
    })`),
  'a filter that returns something else': inSetup(
    "    app.filter(createTicket, 'change', () => ({ subject: 'x' })) // wrong",
  ),
  'a payload that an event does not have': inSetup(
    "    app.on(ticketCreated, 'read', async ({ messageId }) => void messageId) // wrong",
  ),
  "a service under another plugin's name": inSetup('    app.provide(towels, { count: () => 1 }) // wrong'),
  'a service that does something else': inSetup('    app.provide(keys, { keyOf: () => 12 }) // wrong'),
  'a permission that does not exist': inSetup('    app.permissions.destroy // wrong'),
  'an event without a prefix': `${before}
export const event = defineEvent('opened', Type.Object({})) // wrong
`,
  "an event with another plugin's prefix among the own": `${before}
export default definePlugin({
  name: 'hotel',
  version: '1.0.0',
  api: '^1.0.0',
  events: [theirs], // wrong
  setup() {},
})
`,
  'a next stage that does not exist': `${before}
export const flow = defineWorkflow('hotel.flow', 'new', { new: ['done', 'lost'], done: [] }) // wrong
`,
  'a first stage that does not exist': `${before}
export const flow = defineWorkflow('hotel.flow', 'old', { new: ['done'], done: [] }) // wrong
`,
  'a definition without an api range': `${before}
export default definePlugin({ name: 'hotel', version: '1.0.0', setup() {} }) // wrong
`,
}
