// Fields of many tickets at once: what differs is written, told and published once for each ticket, and nothing else.
import { eq } from 'drizzle-orm'
import t from 'tap'
import Type from 'typebox'
import {
  definePlugin,
  type FieldDefinition,
  type PluginApp,
  type PluginTables,
  ticketUpdated,
} from '../../src/plugin/index.js'
import { eachDatabase, testApp } from '../../src/testing/index.js'

const DUE = '2026-03-04T09:00:00.000Z'
const fields = {
  due: { schema: Type.String({ maxLength: 30 }), description: 'Due' },
  state: { schema: Type.String(), description: 'State' },
  tries: { schema: Type.Integer(), description: 'Tries' },
  worst: { schema: Type.String(), description: 'Computed', readOnly: true },
} satisfies Record<string, FieldDefinition>
type Own = PluginApp<
  'levels',
  PluginTables,
  ReturnType<typeof Type.Object>,
  Record<never, string>,
  typeof fields
>

const levels = (use: (app: Own) => void, seen: object[]) =>
  definePlugin({
    name: 'levels',
    version: '1.0.0',
    api: '^1.1.0',
    fields,
    setup(app) {
      app.on(ticketUpdated, 'all', async (payload) => void seen.push(payload))
      app.on(ticketUpdated, 'foreign', async () => void seen.push({ foreign: true }), {
        when: ({ changes }) => Object.keys(changes).some((key) => !key.startsWith('levels.')),
      })
      use(app as unknown as Own)
    },
  })

eachDatabase(t, async (t, database) => {
  const seen: object[] = []
  let own!: Own
  const app = await testApp(t, { database, plugins: [levels((it) => void (own = it), seen)] })
  const tickets = await own.db.transaction(async (tx) => {
    const requester = await own.desk.contactByEmail(tx, 'ann@guest.example')
    const input = { subject: 'Hello', inboxId: app.inbox.id, requesterId: requester.id }
    const ids: string[] = []
    for (let n = 0; n < 150; n++) ids.push((await own.desk.createTicket(tx, input)).id)
    return ids
  })
  await app.runJobs()
  const [one, two, three] = tickets as [string, string, string]
  const entries = async (id: string) =>
    (await own.desk.timeline(own.db, id)).filter(({ type }) => type === 'changed')
  const events = async () => {
    seen.length = 0
    await app.runJobs()
    return seen.slice()
  }
  const set = (sets: Parameters<Own['setFields']>[1]) => own.db.transaction((tx) => own.setFields(tx, sets))

  await t.test('all of them, each with one line and one event', async (t) => {
    const changed = await set(
      tickets.map((ticketId, n) => ({ ticketId, values: { due: DUE, state: 'running', tries: n } })),
    )
    t.same(changed.toSorted(), tickets.toSorted())
    t.same(
      (await entries(two)).map(({ data, actorKind, actorId }) => ({ data, actorKind, actorId })),
      [
        {
          data: {
            'levels.due': [null, DUE],
            'levels.state': [null, 'running'],
            'levels.tries': [null, 1],
          },
          actorKind: 'system',
          actorId: 'plugin:levels',
        },
      ],
    )
    const told = await events()
    t.equal(told.length, 150, 'one each, and none for who does not want it')
    t.ok(told.some((payload) => (payload as { ticketId: string }).ticketId === two))
    const found = await app.call('GET', '/api/tickets?field=levels.tries:7')
    t.same(
      found.body.items.map(({ id }: { id: string }) => id),
      [tickets[7]],
      'lists find them',
    )
  })

  await t.test(
    'what does not differ leaves no trace; null takes away; unknown tickets are passed over',
    async (t) => {
      const changed = await set([
        { ticketId: one, values: { due: DUE, state: 'running' } },
        { ticketId: two, values: { due: null, state: 'met' } },
        { ticketId: 'nobody', values: { state: 'met' } },
        { ticketId: three, values: { state: 'warned' } },
        { ticketId: three, values: { due: null, state: 'running' } },
        { ticketId: tickets[3]!, values: {} },
      ])
      t.same(changed.toSorted(), [two, three].toSorted())
      t.equal((await entries(one)).length, 1)
      t.same((await entries(two))[1]?.data, { 'levels.due': [DUE, null], 'levels.state': ['running', 'met'] })
      t.same((await entries(three))[1]?.data, { 'levels.due': [DUE, null] }, 'of two the last counts')
      t.equal((await events()).length, 2)
      t.same(await set([{ ticketId: two, values: { due: null } }]), [])
      t.same(await set([]), [])
      const rows = await app.db
        .select()
        .from(app.db.t.ticketFields)
        .where(eq(app.db.t.ticketFields.ticketId, 'nobody'))
      t.same(rows, [])
    },
  )

  await t.test('its own fields of many tickets are read by their keys', async (t) => {
    const found = await own.readFields(own.db, [one, two, 'nobody'])
    t.same(Object.fromEntries(found), {
      [one]: { due: DUE, state: 'running', tries: 0 },
      [two]: { state: 'met', tries: 1 },
    })
    t.equal((await own.readFields(own.db, tickets)).size, 150)
    t.equal((await own.readFields(own.db, [])).size, 0)
  })

  await t.test('one that does not fit stops all of them', async (t) => {
    const wrong = [
      { ticketId: one, values: { state: 'met' } },
      { ticketId: two, values: { tries: 'many' as never } },
    ]
    await t.rejects(set(wrong), { code: 'field_invalid', message: /levels\.tries/ })
    await t.rejects(set([{ ticketId: one, values: { colour: 'red' } as never }]), { code: 'field_invalid' })
    t.equal((await own.readFields(own.db, [one])).get(one)?.state, 'running')
  })

  await t.test('one alone goes the same way', async (t) => {
    await own.db.transaction((tx) => own.fields.state.set(tx, one, 'breached'))
    t.same((await entries(one))[1]?.data, { 'levels.state': ['running', 'breached'] })
    t.equal(await own.fields.state.get(own.db, one), 'breached')
    t.equal((await events()).length, 1)
  })

  await t.test('one that is read-only is written by its plugin alone, and shown as such', async (t) => {
    await set([{ ticketId: one, values: { worst: 'late' } }])
    await own.db.transaction((tx) => own.fields.worst.set(tx, two, 'early'))
    for (const value of ['met', null])
      t.match(
        await app.call('PATCH', `/api/tickets/${one}/fields`, { 'levels.tries': 9, 'levels.worst': value }),
        {
          status: 422,
          body: {
            code: 'field_read_only',
            detail: /levels\.worst is computed by the plugin "levels"/,
            errors: [{ field: 'body/levels.worst', message: /leave it out/ }],
          },
        },
      )
    t.match((await own.readFields(own.db, [one, two])).get(one), { worst: 'late', tries: 0 }, 'nothing of it')
    t.equal((await app.call('PATCH', `/api/tickets/${one}/fields`, { 'levels.tries': 9 })).status, 200)
    const { items } = (await app.call('GET', '/api/fields')).body
    t.match(items, [
      { name: 'levels.due', readOnly: false },
      { name: 'levels.state' },
      { name: 'levels.tries' },
      { name: 'levels.worst', readOnly: true },
    ])
  })

  await t.test('plugins see the fields of all, and the channels by which tickets come', async (t) => {
    const [due, , tries, worst] = own.desk.ticketFields()
    t.match(
      [due, worst],
      [
        { name: 'levels.due', readOnly: false },
        { name: 'levels.worst', readOnly: true },
      ],
    )
    t.equal(tries!.problem(3), undefined)
    t.equal(tries!.problem('three'), 'must be integer')
    t.same(own.desk.channels(), ['email', 'phone', 'api'])
    const form = own.db.transaction(async (tx) => {
      const { id } = await own.desk.contactByEmail(tx, 'ann@guest.example')
      const ticket = { subject: 'A form', inboxId: app.inbox.id, requesterId: id }
      await own.desk.createTicket(tx, { ...ticket, channel: 'form' })
    })
    await t.rejects(form, { code: 'unknown_reference' }, 'of a channel that nobody brings')
  })
})
