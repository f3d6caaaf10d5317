// The rules of service levels on a real desk: mails come, agents answer, statuses change, administrators edit.
import { definePlugin, ticketCreated } from 'frontdesk/plugin'
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { BER, berlin, slaDesk } from '../test-kit.js'

const MIN = 60_000
const business = (minutes: number) => `${minutes} business minutes`
const first = (minutes: number) => [{ metric: 'first_response', within: business(minutes) }]
const next = (minutes: number) => [{ metric: 'next_response', within: business(minutes) }]
const resolution = (minutes: number) => [{ metric: 'resolution', within: business(minutes) }]

/** Answers by machine, as an acknowledgement does and as a bot does. */
const robot = definePlugin({
  name: 'robot',
  version: '1.0.0',
  api: '^1.0.0',
  setup(app) {
    app.on(ticketCreated, 'answer', ({ ticketId }, job) =>
      app.db.transaction(async (tx) => {
        const ticket = await app.desk.ticket(tx, ticketId)
        if (ticket?.subject === 'robot') {
          await app.desk.answerAutomatically(tx, ticketId, { text: 'We have your message.' })
          await app.desk.reply(tx, ticketId, { text: 'Have you tried to switch it off and on?' })
        }
        await job.complete(tx)
      }),
    )
  },
})

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database, plugins: [robot] })
  const { app, at, ok } = desk
  const { id: calendarId } = await desk.calendar()
  const policies = '/api/plugins/sla/policies'
  /** One policy and no other. */
  async function only(targets: object[], more: object = {}) {
    for (const { id } of (await ok('GET', policies)).items) await ok('DELETE', `${policies}/${id}`)
    return desk.policy({ name: 'Only', calendarId, targets, ...more })
  }
  /** Another customer's mail on the same ticket. */
  async function writes(id: string) {
    const { number, subject } = await ok('GET', `/api/tickets/${id}`)
    const reply = `From: ann@guest.example\r\nTo: support@desk.example\r\nSubject: Re: ${subject} [#${number}]\r\nMessage-ID: <${Math.random()}@guest.example>\r\n`
    const { outbox } = app
    const answered = outbox.at(-1)
    const { ticketId } = await app.mail(
      `${reply}${answered ? `In-Reply-To: <${answered.messageId}>\r\n` : ''}\r\nAnd another thing.\r\n`,
    )
    t.equal(ticketId, id)
    await app.runJobs()
  }

  await t.test('what stops a first response (18, 19)', async (t) => {
    await only(first(60))
    await at('02 09:00')
    const id = await desk.mail('robot')
    t.equal(app.outbox.length, 2, 'an acknowledgement and the answer of a bot')
    await at('02 09:05')
    await ok('POST', `/api/tickets/${id}/notes`, { text: 'Who knows him?' })
    await at('02 09:50')
    await desk.answer(id)
    t.match(await desk.timers(id), [{ state: 'met', consumedMs: 50 * MIN }])
    await at('02 10:00')
    const other = await desk.mail()
    await at('02 11:00')
    await desk.answer(other)
    t.match(await desk.timers(other), [{ state: 'met', consumedMs: 60 * MIN }], 'at the deadline itself')
  })

  await t.test('a call that was answered is an answer, one that was missed waits for one (20)', async (t) => {
    const requester = { name: 'Ann', address: 'ann@guest.example' }
    const call = (answered: boolean) =>
      ok('POST', '/api/tickets', {
        subject: 'A call',
        inboxId: app.inbox.id,
        requester,
        call: { direction: 'in', answered, text: 'Ann asks for a late check-out.' },
      })
    const answered = await call(true)
    const missed = await call(false)
    await app.runJobs()
    t.match(await desk.timers(answered.id), [{ state: 'met', consumedMs: 0 }])
    t.match(await desk.timers(missed.id), [{ state: 'running' }])
    await at('02 11:05')
    await ok('POST', `/api/tickets/${missed.id}/calls`, { direction: 'out', answered: true })
    await app.runJobs()
    t.match(await desk.timers(missed.id), [{ state: 'met', consumedMs: 5 * MIN }])
  })

  await t.test('nobody waits for an answer to what a machine has sent', async (t) => {
    const id = await desk.mail('Nightly report', 'Auto-Submitted: auto-generated\r\n')
    t.same(await desk.timers(id), [])
  })

  await t.test('a reply that was taken back has answered nobody', async (t) => {
    await at('02 11:10')
    const id = await desk.mail()
    const { lastPublicMessageId } = await ok('GET', `/api/tickets/${id}`)
    const reply = await ok('POST', `/api/tickets/${id}/replies`, {
      text: 'Sorry',
      against: lastPublicMessageId,
    })
    await app.runJobs()
    t.match(await desk.timers(id), [{ state: 'met' }])
    await ok('POST', `/api/messages/${reply.id}/cancel`)
    await app.runJobs()
    t.match(await desk.timers(id), [{ state: 'running', dueAt: berlin('02 12:10') }])
    t.equal((await desk.fields(id))['sla.due'], berlin('02 12:10'))
    await at('02 12:11')
    t.equal((await desk.fields(id))['sla.state'], 'breached')
  })

  await t.test('the next response (21, 22, 23)', async (t) => {
    await only(next(120))
    await at('03 09:00')
    const id = await desk.mail()
    t.same(await desk.timers(id), [], 'the first message is no next one')
    await at('03 09:30')
    await desk.answer(id)
    await at('03 10:00')
    await writes(id)
    await at('03 10:30')
    await writes(id)
    t.match(await desk.timers(id), [{ state: 'running', dueAt: berlin('03 12:00') }], '21')
    await at('03 11:00')
    await desk.answer(id)
    await at('03 13:00')
    await writes(id)
    t.match(
      await desk.timers(id),
      [
        { state: 'met', consumedMs: 60 * MIN },
        { state: 'running', dueAt: berlin('03 15:00') },
      ],
      '22',
    )
    await at('03 13:30')
    await desk.change(id, { status: 'solved' })
    await at('05 12:00')
    t.match(await desk.timers(id), [{ state: 'met' }, { state: 'stopped', breachedAt: null }], '23')
  })

  await t.test('what holds a resolution up (14, 17, 25)', async (t) => {
    await only(resolution(480))
    await at('09 09:00')
    const waits = await desk.mail()
    const solved = await desk.mail()
    const reopened = await desk.mail()
    await at('09 10:00')
    await desk.change(solved, { status: 'pending' })
    await at('09 11:00')
    await desk.change(waits, { status: 'pending' })
    t.match(await desk.fields(waits), { 'sla.state': 'paused' })
    t.equal('sla.due' in (await desk.fields(waits)), false, 'nothing is due while it waits')
    await at('09 12:00')
    await desk.change(reopened, { status: 'solved' })
    await at('09 15:00')
    await desk.change(waits, { status: 'open' })
    await desk.change(reopened, { status: 'open' })
    t.equal((await desk.fields(waits))['sla.due'], berlin('10 13:00'), '14')
    t.equal((await desk.fields(reopened))['sla.due'], berlin('10 12:00'), '25')
    await at('12 10:00')
    await desk.change(solved, { status: 'solved' })
    t.match(await desk.timers(solved), [{ state: 'met', consumedMs: 60 * MIN }], '17')
    t.equal((await desk.fields(solved))['sla.state'], 'met')
  })

  await t.test(
    'consumed time survives a change of priority; a shorter target is missed when it holds (26)',
    async (t) => {
      await only(resolution(480), { byPriority: { urgent: resolution(120) } })
      await at('16 09:00')
      const id = await desk.mail()
      await at('16 12:00')
      await desk.change(id, { priority: 'urgent' })
      t.match(await desk.timers(id), [
        { dueAt: berlin('16 11:00'), breachedAt: berlin('16 12:00'), state: 'breached' },
      ])
      const missed = await ok('GET', '/api/jobs?state=dead')
      t.equal(missed.items.length, 0)
    },
  )

  await t.test('the first policy that fits holds, whatever it is called (28)', async (t) => {
    await only(resolution(60), { name: 'B' })
    await desk.policy({ name: 'A', calendarId, targets: resolution(30) })
    await at('17 09:00')
    const id = await desk.mail()
    t.equal((await desk.explained(id)).policy.name, 'B')
    const ids = (await ok('GET', policies)).items.map((one: { id: string }) => one.id)
    await ok('PUT', `${policies}/order`, { ids: ids.toReversed() })
    const later = await desk.mail()
    t.equal((await desk.explained(later)).policy.name, 'A')
    t.equal((await desk.explained(id)).policy.name, 'B', 'the older ticket stays')
  })

  await t.test('an edit touches new tickets only, until policies are applied anew (29)', async (t) => {
    const policy = await only(resolution(480))
    await at('18 09:00')
    const id = await desk.mail()
    await at('18 11:00')
    await ok('PATCH', `${policies}/${policy.id}`, { version: policy.version, targets: resolution(240) })
    await app.runJobs()
    t.equal((await desk.fields(id))['sla.due'], berlin('18 17:00'), 'stays')
    await ok('POST', `${policies}/reapply`)
    await at('18 11:01')
    t.equal((await desk.fields(id))['sla.due'], berlin('18 13:00'), 're-applied')
    const { history } = await desk.explained(id)
    t.match(history, [
      { policyVersion: 1, why: 'new' },
      { policyVersion: 2, why: 're-applied' },
    ])
  })

  await t.test(
    'a holiday that is added moves what is to come, and nothing that was missed (30)',
    async (t) => {
      await only(resolution(600))
      const calendar = await ok('GET', `/api/plugins/sla/calendars/${calendarId}`)
      await at('19 09:00')
      const id = await desk.mail()
      t.equal((await desk.fields(id))['sla.due'], berlin('20 11:00'))
      const holidays = [...BER.holidays, { date: '2026-03-20', name: 'Founders’ day' }]
      await ok('PATCH', `/api/plugins/sla/calendars/${calendarId}`, {
        version: calendar.version,
        definition: { ...BER, holidays },
      })
      await at('19 09:01')
      t.equal((await desk.fields(id))['sla.due'], berlin('23 11:00'))
      const [timer] = await desk.timers(id)
      t.match(timer.words, /Founders’ day/)
    },
  )

  await t.test('a calendar that never opens is refused with its field (31)', async (t) => {
    const answer = await app.call('POST', '/api/plugins/sla/calendars', {
      name: 'Never',
      definition: { timeZone: 'Europe/Berlin', hours: {} },
    })
    t.equal(answer.status, 400)
    t.match(answer.body.errors[0].field, /hours/)
  })

  await t.test('a policy that is switched off takes its timers and flags along (32)', async (t) => {
    const policy = await only(first(30))
    await at('24 09:00')
    const id = await desk.mail()
    await at('24 10:00')
    t.equal((await desk.fields(id))['sla.state'], 'breached')
    await ok('PATCH', `${policies}/${policy.id}`, { version: policy.version, enabled: false })
    await at('24 10:01')
    t.same(
      Object.keys(await desk.fields(id)).filter((name) => name.startsWith('sla.')),
      [],
    )
    t.match(await desk.timers(id), [{ state: 'cancelled' }])
    const waiting = await ok('GET', '/api/jobs?state=waiting&limit=100')
    t.notOk(
      waiting.items.some((job: { name: string }) => job.name === 'sla.wake'),
      'nothing more is due',
    )
  })

  await t.test('merged, spam and back', async (t) => {
    await only(first(60))
    await at('25 09:00')
    const id = await desk.mail()
    const into = await desk.mail()
    await at('25 09:30')
    await ok('POST', `/api/tickets/${id}/merge`, { into })
    await desk.change(into, { tags: ['spam'] })
    t.match(await desk.timers(id), [{ state: 'cancelled', breachedAt: null }])
    t.match(await desk.timers(into), [{ state: 'cancelled' }])
    t.same(await desk.fields(id), {})
    await at('25 15:00')
    await desk.change(into, { tags: [] })
    t.equal((await desk.fields(into))['sla.due'], berlin('25 15:30'))
  })
})
