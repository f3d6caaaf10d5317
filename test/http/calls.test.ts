// Phone calls: logged on a ticket, or the beginning of one.
import t from 'tap'
import { callLogged, DAY, definePlugin, type PluginApp, SECOND } from '../../src/plugin/index.js'
import { eachDatabase, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'

const heard: unknown[] = []
let plugged: PluginApp
const phone = definePlugin({
  name: 'phone',
  version: '1.0.0',
  api: '^1.0.0',
  setup(app) {
    plugged = app as unknown as PluginApp
    app.on(callLogged, 'hear', async (payload) => void heard.push(payload))
  },
})

eachDatabase(t, async (t, database) => {
  const app = await testApp(t, { database, plugins: [phone] })
  const agent = await app.agent('agent', [app.inbox])
  const as = { token: agent.token }
  const { ticketId } = await app.mail(mail())
  const url = `/api/tickets/${ticketId}/calls`
  const last = async (id: unknown = ticketId) =>
    (await app.call('GET', `/api/tickets/${id}/timeline`)).body.items.at(-1)

  await t.test(
    'a call is a note of the channel phone, an entry and an event, and changes no status',
    async (t) => {
      heard.length = 0
      await app.call('POST', `/api/tickets/${ticketId}/solve`)
      const { version } = (await app.call('GET', `/api/tickets/${ticketId}`)).body
      const startedAt = new Date(app.clock.now().getTime() - 600 * SECOND).toISOString()
      const call = { direction: 'in', answered: true, startedAt, seconds: 95, text: 'It is warm again.' }
      const { status, body } = await app.call('POST', url, call, as)
      t.equal(status, 201)
      t.match(body, {
        direction: 'note',
        channel: 'phone',
        agentId: agent.id,
        text: 'It is warm again.',
        date: startedAt,
        delivery: null,
      })
      const { text: _, ...data } = call
      t.match(await last(), {
        type: 'call_logged',
        actorKind: 'agent',
        actorId: agent.id,
        messageId: body.id,
      })
      t.strictSame((await last()).data, data)
      t.match((await app.call('GET', `/api/tickets/${ticketId}`)).body, {
        status: 'solved',
        version: version + 1,
      })
      await app.runJobs()
      t.strictSame(heard, [{ ticketId, messageId: body.id, direction: 'in', answered: true }])
      t.equal(app.outbox.length, 0)
    },
  )

  await t.test('without a start it has just ended; nobody need have answered', async (t) => {
    await app.call('POST', url, { direction: 'out', answered: false })
    t.strictSame((await last()).data, {
      direction: 'out',
      answered: false,
      seconds: null,
      startedAt: app.clock.now().toISOString(),
    })
    await app.call('POST', url, { direction: 'out', answered: true, seconds: 60 })
    t.equal((await last()).data.startedAt, new Date(app.clock.now().getTime() - 60 * SECOND).toISOString())
  })

  await t.test('a start in the future or of another month is a mistake', async (t) => {
    for (const [ms, message] of [
      [SECOND, 'lies in the future'],
      [-30 * DAY - SECOND, 'is more than 30 days ago'],
    ] as const) {
      const call = {
        direction: 'in',
        answered: true,
        startedAt: new Date(app.clock.now().getTime() + ms).toISOString(),
      }
      const refused = (field: string) => ({
        status: 400,
        body: { code: 'invalid_request', errors: [{ field, message }] },
      })
      t.match(await app.call('POST', url, call), refused('body/startedAt'))
      const opened = {
        subject: 'x',
        inboxId: app.inbox.id,
        requester: { name: '', address: 'x@guest.example' },
        call,
      }
      t.match(await app.call('POST', '/api/tickets', opened), refused('body/call/startedAt'))
    }
  })

  await t.test('a repeated request with the same key logs it once', async (t) => {
    const headers = { 'idempotency-key': `call-${database}` }
    const first = await app.call('POST', url, { direction: 'in', answered: true }, { headers })
    const second = await app.call('POST', url, { direction: 'in', answered: true }, { headers })
    t.equal(second.body.id, first.body.id)
    t.equal(second.headers['idempotency-replayed'], 'true')
  })

  await t.test('a call opens a ticket, also beside a note and a message', async (t) => {
    const body = {
      subject: 'Wants a late check-out',
      inboxId: app.inbox.id,
      requester: { name: 'Gus', address: 'gus@guest.example' },
      call: { direction: 'in', answered: true, seconds: 40, text: 'Until two.' },
    }
    const made = (await app.call('POST', '/api/tickets', body, as)).body
    t.match(made, { status: 'new', channel: 'phone', messages: [{ channel: 'phone', text: 'Until two.' }] })
    t.match(await last(made.id), { type: 'call_logged' })
    const both = (
      await app.call('POST', '/api/tickets', { ...body, note: 'Fine.', message: 'It is booked.' }, as)
    ).body
    t.strictSame(
      both.messages.map((m: { direction: string; channel: string }) => `${m.direction} ${m.channel}`),
      ['note phone', 'note phone', 'out email'],
    )
  })

  await t.test('a plugin logs a call as itself, or for an agent', async (t) => {
    const log = (agentId?: string) =>
      plugged.db.transaction((tx) =>
        plugged.desk.logCall(tx, ticketId!, {
          direction: 'in',
          answered: false,
          ...(agentId && { agentId }),
        }),
      )
    await log()
    t.match(await last(), { type: 'call_logged', actorKind: 'system', actorId: 'plugin:phone' })
    await log(agent.id)
    t.match(await last(), { type: 'call_logged', actorKind: 'agent', actorId: agent.id })
    await t.rejects(log('nobody'), { code: 'unknown_reference' })
  })
})
