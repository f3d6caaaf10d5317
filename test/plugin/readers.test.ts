// What plugins read of people and of many tickets at once.
import { sql } from 'drizzle-orm'
import t from 'tap'
import { definePlugin, type PluginApp, receiveMessage, type TicketView } from '../../src/plugin/index.js'
import { eachDatabase, type TestApp, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'
import { planOf } from '../support/plan.js'

function reading() {
  const got: { app?: PluginApp; inbox?: object } = {}
  const plugin = definePlugin({
    name: 'reading',
    version: '1.0.0',
    api: '^1.0.0',
    setup(app) {
      got.app = app as unknown as PluginApp
      app.filter(receiveMessage, 'look', (_tx, _verdict, { inbox }) => {
        got.inbox = inbox
        return undefined
      })
    },
  })
  return { plugin, app: () => got.app!, inbox: () => got.inbox }
}

async function letters(app: TestApp, many: number) {
  const ids: string[] = []
  for (let i = 1; i <= many; i++) {
    // Two in each second: then their order is that of their numbers.
    if (i % 2) app.clock.advance(1000)
    ids.push((await app.mail(mail({ from: `g${i}@guest.example` }))).ticketId!)
  }
  return ids
}

eachDatabase(t, async (t, database) => {
  const { plugin, app: plugged, inbox } = reading()
  const app = await testApp(t, { database, plugins: [plugin] })
  const { desk, db } = plugged()
  const ids = await letters(app, 7)
  const { id, address, name, group } = app.inbox
  t.strictSame(inbox(), { id, address, name, group }, 'of an inbox a filter sees no options of the core')

  await t.test('all tickets are read in order of creation, page by page, nothing twice', async (t) => {
    const seen: TicketView[] = []
    for (;;) {
      const last = seen.at(-1)
      const page = await desk.tickets(db, { limit: 3, ...(last && { after: last.id }) })
      seen.push(...page)
      if (page.length < 3) break
    }
    t.strictSame(
      seen.map(({ id }) => id),
      ids,
    )
    const since = seen[3]!.createdAt
    t.strictSame(
      (await desk.tickets(db, { createdSince: since })).map(({ number }) => number),
      [3, 4, 5, 6, 7],
    )
    t.strictSame(
      (await desk.tickets(db, { createdSince: since, after: ids[4]! })).map(({ number }) => number),
      [6, 7],
    )
    await t.rejects(desk.tickets(db, { after: 'nothing' }), { code: 'unknown_reference' })
  })

  await t.test('it takes an index to do so', async (t) => {
    const { tickets } = app.db.t
    const at = app.clock.now()
    const query = app.db
      .select()
      .from(tickets)
      .where(sql`${tickets.createdAt} >= ${sql.param(at, tickets.createdAt)}`)
      .orderBy(tickets.createdAt, tickets.number)
    t.match(await planOf(app.db, query.getSQL()), /tickets_by_creation/)
  })

  await t.test('tickets and timelines come in batches, those that there are', async (t) => {
    const [first, second] = ids as [string, string]
    await app.call('POST', `/api/tickets/${first}/notes`, { text: 'Hm.' })
    const found = await desk.ticketsById(db, [first, 'nothing', second, first])
    t.strictSame([...found.keys()].sort(), [first, second].sort())
    t.match(found.get(second), { number: 2, status: 'new' })
    const timelines = await desk.timelines(db, [first, second, 'nothing'])
    const types = (id: string) => timelines.get(id)!.map(({ type }) => type)
    t.strictSame(types(first), ['ticket_created', 'message_received', 'note_added'])
    t.strictSame(types(second), ['ticket_created', 'message_received'])
    t.strictSame(types('nothing'), [])
    t.strictSame(timelines.get(first), await desk.timeline(db, first), 'the same entries as one by one')
    const short = await desk.timelines(db, [first, second], { limit: 1 })
    t.strictSame(
      [...short.values()].map((entries) => entries.map(({ type }) => type)),
      [['ticket_created'], ['ticket_created']],
    )
    t.equal((await desk.ticketsById(db, [])).size, 0)
    const tooMany = Array.from({ length: 201 }, (_, i) => String(i))
    await t.rejects(desk.ticketsById(db, tooMany), RangeError)
    await t.rejects(desk.timelines(db, tooMany), RangeError)
  })

  await t.test('of tickets those stay that whoever asks may see', async (t) => {
    const other = await app.addInbox('sales@desk.example')
    const hidden = (await app.mail(mail({ to: other.address }), other.address)).ticketId!
    const caller = { agentId: 'a', name: 'A', permissions: new Set<string>(), teamIds: [] }
    const asked = [hidden, ids[1]!, 'nothing', ids[0]!]
    const seen = (inboxIds: string[] | null) => desk.visibleTickets(db, { ...caller, inboxIds }, asked)
    t.strictSame(await seen([app.inbox.id]), [ids[1], ids[0]])
    t.strictSame(await seen(null), [hidden, ids[1], ids[0]])
    t.strictSame(await seen([]), [])
  })

  await t.test('agents and teams know each other', async (t) => {
    const mia = await app.agent('agent', [app.inbox])
    await app.call('PATCH', `/api/agents/${mia.id}`, { name: 'Mia', active: false })
    const { email } = (await desk.agent(db, mia.id))!
    const view = { id: mia.id, name: 'Mia', email, active: false, teamIds: [mia.teamId] }
    t.strictSame(await desk.agent(db, mia.id), view)
    t.strictSame(
      (await desk.agents(db)).find(({ id }) => id === mia.id),
      view,
    )
    t.match(await desk.team(db, mia.teamId), { id: mia.teamId, agentIds: [mia.id] })
    t.ok((await desk.teams(db)).some(({ id }) => id === mia.teamId))
    t.equal(await desk.agent(db, 'nobody'), undefined)
    t.equal(await desk.team(db, 'none'), undefined)
  })
})
