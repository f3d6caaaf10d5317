// What the timeline says over REST: enough to compute from, without another table.
import t from 'tap'
import { definePlugin, ticketCreated } from '../../src/plugin/index.js'
import { eachDatabase, type TestApp, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'

const entries = async (app: TestApp, ticket: unknown): Promise<Record<string, unknown>[]> =>
  (await app.call('GET', `/api/tickets/${ticket}/timeline`)).body.items

const answers = definePlugin({
  name: 'answers',
  version: '1.0.0',
  api: '^1.0.0',
  setup(app) {
    app.on(ticketCreated, 'answer', ({ ticketId }) =>
      app.db.transaction(async (tx) => {
        await app.desk.answerAutomatically(tx, ticketId, { text: 'We have it.' })
      }),
    )
  },
})

eachDatabase(t, async (t, database) => {
  const app = await testApp(t, { database, plugins: [answers] })

  await t.test('the first entry says what the ticket was like when it was made', async (t) => {
    const agent = await app.agent('agent', [app.inbox])
    const made = await app.call('POST', '/api/tickets', {
      subject: 'No towels',
      inboxId: app.inbox.id,
      requester: { name: 'Ann', address: 'ann@guest.example' },
      priority: 'high',
      teamId: agent.teamId,
      assigneeId: agent.id,
      tags: ['Room'],
    })
    const [first] = await entries(app, made.body.id)
    t.match(first, { type: 'ticket_created', actorKind: 'agent' })
    t.strictSame(first!.data, {
      channel: 'email',
      inboxId: app.inbox.id,
      status: 'new',
      priority: 'high',
      assigneeId: agent.id,
      teamId: agent.teamId,
      tags: ['room'],
    })
  })

  await t.test('a planned reply says for when; one in its undo window says nothing', async (t) => {
    const { ticketId } = await app.mail(mail({ from: 'bo@guest.example' }))
    const url = `/api/tickets/${ticketId}/replies`
    await app.call('POST', url, { text: 'At once.' })
    await app.call('POST', url, { text: 'Late.', sendAt: '2026-03-03T12:00:00Z' })
    await app.call('POST', url, { text: 'It should have been.', sendAt: '2026-03-01T12:00:00Z' })
    const queued = (await entries(app, ticketId)).filter(({ type }) => type === 'message_queued')
    t.strictSame(
      queued.map(({ data }) => data),
      [{ automatic: true }, {}, { sendAt: '2026-03-03T12:00:00.000Z' }, {}],
      'the first one is the answer of a plugin',
    )
  })

  await t.test('a message of a machine says so, and of which kind', async (t) => {
    const person = await app.mail(mail({ from: 'cy@guest.example' }))
    const machine = await app.mail(
      mail({ from: 'dee@guest.example', headers: { 'Auto-Submitted': 'auto-replied' } }),
    )
    const received = async (ticket: unknown) =>
      (await entries(app, ticket)).find(({ type }) => type === 'message_received')?.data
    t.strictSame(await received(person.ticketId), {})
    t.strictSame(await received(machine.ticketId), { automatic: 'auto-reply' })
  })

  await t.test('a merge is an entry of both tickets, and each names the other', async (t) => {
    const source = (await app.mail(mail({ from: 'ed@guest.example' }))).ticketId
    const target = (await app.mail(mail({ from: 'fi@guest.example' }))).ticketId
    t.equal((await app.call('POST', `/api/tickets/${source}/merge`, { into: target })).status, 200)
    const number = async (id: unknown) => (await app.call('GET', `/api/tickets/${id}`)).body.number
    const merged = async (ticket: unknown) =>
      (await entries(app, ticket)).filter(({ type }) => type === 'merged').map(({ data }) => data)
    t.strictSame(await merged(source), [{ into: await number(target) }])
    t.match(await merged(target), [{ from: await number(source), messages: [/./, /./] }])
  })
})
