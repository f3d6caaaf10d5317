// What plugins tell agents by mail: once, marked, part of no ticket, and no machine makes a ticket of it.
import nodemailer from 'nodemailer'
import t from 'tap'
import { compose } from '../../src/channels/email/compose.js'
import { DAY, definePlugin, HOUR, MINUTE, type PluginApp } from '../../src/plugin/index.js'
import { eachDatabase, type TestApp, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'

let plugged: PluginApp
const teller = definePlugin({
  name: 'teller',
  version: '1.0.0',
  api: '^1.0.0',
  setup: (app) => void (plugged = app as unknown as PluginApp),
})

const tell = (agentId: string, key: string) =>
  plugged.db.transaction((tx) =>
    plugged.desk.mailAgent(tx, { agentId, key, subject: 'Ticket 12 waits', text: 'Please look.' }),
  )
const addressOf = async (id: string) => (await plugged.desk.agent(plugged.db, id))!.email
const tickets = async (app: TestApp) => (await app.call('GET', '/api/tickets')).body.items.length

eachDatabase(t, async (t, database) => {
  const outcome = { later: false }
  const app = await testApp(t, {
    database,
    plugins: [teller],
    send: () =>
      outcome.later
        ? { kind: 'later', reason: 'it is night' }
        : { kind: 'sent', refused: [], providerId: null },
  })
  const agent = await app.agent('agent', [app.inbox])
  const address = await addressOf(agent.id)

  await t.test('a mail goes out once per key, as automatic, to no ticket', async (t) => {
    t.equal(await tell(agent.id, 'one'), true)
    t.equal(await tell(agent.id, 'one'), false)
    await app.runJobs()
    t.equal(await tell(agent.id, 'one'), false, 'also after it was sent')
    await app.runJobs()
    t.equal(app.outbox.length, 1)
    const [sent] = app.outbox
    t.match(sent, {
      from: { name: 'Support', address: 'support@desk.example' },
      to: [{ address }],
      subject: 'Ticket 12 waits',
      automatic: true,
      replyTo: null,
    })
    const stream = nodemailer.createTransport({ streamTransport: true, buffer: true })
    const raw = (await stream.sendMail(compose(sent!))).message.toString()
    t.match(raw, /^Auto-Submitted: auto-generated\r?$/m)
    t.match(raw, /^X-Frontdesk-Loop: support@desk\.example\r?$/m)
    t.match(raw, /^Precedence: bulk\r?$/m)
    t.equal(await tickets(app), 0)
  })

  await t.test('the inbox of the setting writes it; nobody writes to who is switched off', async (t) => {
    const other = await app.addInbox('notices@desk.example')
    await app.call('PATCH', '/api/settings', { 'desk.noticesFrom': 'Notices@desk.example' })
    await tell(agent.id, 'two')
    await app.runJobs()
    t.equal(app.outbox.at(-1)!.from.address, other.address)
    await app.call('PATCH', '/api/settings', { 'desk.noticesFrom': null })
    const gone = await app.agent('agent')
    t.equal(await tell(gone.id, 'three'), true)
    await app.call('PATCH', `/api/agents/${gone.id}`, { active: false })
    t.equal(await tell(gone.id, 'four'), false)
    const before = app.outbox.length
    await app.runJobs()
    t.equal(app.outbox.length, before, 'also who was switched off while it waited')
    await t.rejects(tell('nobody', 'five'), { code: 'unknown_reference' })
  })

  await t.test(
    'what a machine answers, or brings back, opens no ticket; what the agent answers does',
    async (t) => {
      const { messageId } = app.outbox[0]!
      const answer = (headers: Record<string, string>, more = {}) =>
        app.mail(mail({ from: address, subject: 'Re: Ticket 12 waits', headers, ...more }))
      const to = { 'In-Reply-To': `<${messageId}>` }
      t.match(await answer({ ...to, 'Auto-Submitted': 'auto-replied' }), {
        state: 'rejected',
        reason: /a machine has answered/,
      })
      t.match(await answer({ 'X-Autoreply': 'yes' }), { state: 'rejected' }, 'it does not say to what')
      const report = [
        '--b',
        'Content-Type: text/plain',
        '',
        'It could not be delivered.',
        '--b',
        'Content-Type: message/delivery-status',
        '',
        'Reporting-MTA: dns; mx.desk.example',
        '',
        `Final-Recipient: rfc822; ${address}`,
        'Action: failed',
        'Status: 5.1.1',
        '--b',
        'Content-Type: message/rfc822',
        '',
        `Message-ID: <${messageId}>`,
        'Subject: Ticket 12 waits',
        '',
        'x',
        '--b--',
      ].join('\r\n')
      const bounce = mail({
        from: 'MAILER-DAEMON@mx.desk.example',
        headers: {
          'MIME-Version': '1.0',
          'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
        },
        text: report,
      })
      t.match(await app.mail(bounce), { state: 'quarantined', reason: 'a mail to an agent came back' })
      t.equal(await tickets(app), 0)
      const forged = messageId.replace(/^(fdn\.)../, '$1ff')
      t.match(
        await app.mail(mail({ headers: { 'In-Reply-To': `<${forged}>`, 'Auto-Submitted': 'auto-replied' } })),
        { state: 'opened' },
        'an id that this desk has not made says nothing',
      )
      t.match(await answer(to), { state: 'opened' })
    },
  )

  await t.test('it is tried again, and at last it is a dead job', async (t) => {
    outcome.later = true
    await tell(agent.id, 'six')
    await app.runJobs()
    const jobs = async (state: string) =>
      (await app.call('GET', `/api/jobs?state=${state}`)).body.items.filter(
        ({ name }: { name: string }) => name === 'agentMail',
      )
    t.match(await jobs('waiting'), [{ attempts: 1, error: /it is night/ }])
    outcome.later = false
    app.clock.advance(2 * MINUTE)
    const before = app.outbox.length
    await app.runJobs()
    t.equal(app.outbox.length, before + 1)
    outcome.later = true
    await tell(agent.id, 'seven')
    for (let i = 0; i < 25; i++) {
      await app.runJobs()
      app.clock.advance(5 * HOUR)
    }
    t.match(await jobs('dead'), [{ attempts: 20 }])
    outcome.later = false
  })

  await t.test('after 30 days a key may be used again', async (t) => {
    app.clock.advance(31 * DAY)
    await app.runJobs()
    t.equal(await tell(agent.id, 'one'), true)
  })
})
