// A new ticket is acknowledged: once, in words the sender can read, and without any of the sender's own.
import { pluginContract } from 'frontdesk/testing'
import t from 'tap'
import acknowledge from './index.js'
import { again, answers, desk, mail, onBoth, outcome } from './test-kit.js'

t.test('the contract of plugins holds', (t) => pluginContract(t as never, acknowledge))

t.test('a new ticket is acknowledged once, marked as automatic, however often the event comes', (t) =>
  onBoth(t, async (t, database) => {
    const app = await desk(t, {}, database)
    const { ticketId } = await app.mail(mail())
    await app.runJobs({ twice: true })
    t.equal((await again(app, ticketId!))?.sent, true)
    t.equal(app.outbox.length, 1)
    const left = await app.db.select({ name: app.db.t.jobs.name }).from(app.db.t.jobs)
    t.same(left, [], 'no run of it failed')
    const [sent] = app.outbox
    t.same(
      sent!.to.map(({ address }) => address),
      ['ann@guest.example'],
    )
    t.equal(sent!.automatic, true)
    t.match(sent!.subject, /^Re: \[#1\] We have received your message$/)
    t.match(sent!.text, /under the number 1,/)
    const [row, ...more] = await answers(app)
    t.same(more, [])
    t.match(row, { ticketId, sent: true, reason: null, language: 'en', address: 'ann@guest.example' })
    t.equal(row!.messageId, sent!.id)
    const ticket = await app.call('GET', `/api/tickets/${ticketId}`)
    t.equal(ticket.body.status, 'new', 'nobody has dealt with it yet')
    t.equal(ticket.body.lastPublicMessageId, ticket.body.messages[0].id, 'an agent has missed nothing')
  }),
)

t.test('a second message on the ticket is not acknowledged', async (t) => {
  const app = await desk(t)
  await app.mail(mail())
  const answer = mail({ headers: { 'In-Reply-To': `<${app.outbox[0]!.messageId}>` } })
  t.equal((await app.mail(answer)).state, 'appended')
  t.equal(app.outbox.length, 1)
})

t.test(
  'the answer repeats nothing that the sender wrote: a forged sender would make the desk carry it',
  async (t) => {
    const app = await desk(t)
    await app.mail(
      mail({ from: '"Win at casino.example" <ann@guest.example>', subject: 'Win at casino.example' }),
    )
    const { subject, text, html } = app.outbox[0]!
    t.notMatch(`${subject} ${text} ${html}`, /casino/)
  },
)

const chatty = { en: { subject: 'Re: {{ticket.subject}}', text: 'Dear {{requester.name}},\n{{desk}}' } }

t.test('texts can name the sender and the subject where the administrator allows it', async (t) => {
  const app = await desk(t, { texts: chatty, desk: 'Hotel {{ticket.number}}', repeatSender: true })
  await app.mail(mail({ subject: 'Co\u200bld\u202e shower, see https://evil.example/x or evil.example now' }))
  t.equal(app.outbox[0]!.subject, 'Re: [#1] Cold shower, see … or … now')
  t.equal(app.outbox[0]!.text, 'Dear Ann,\nHotel {{ticket.number}}', 'a value is not a template')

  await app.mail(mail({ from: '"{{desk}}" <bob@guest.example>', subject: '{{desk}}' }))
  t.match(app.outbox[1]!.text, /^Dear \{\{desk\}\},/)
  t.match(app.outbox[1]!.subject, /\{\{desk\}\}$/)

  await app.mail(mail({ from: 'carl@guest.example' }))
  t.match(app.outbox[2]!.text, /^Dear,\n/, 'an address is no name')
  await app.mail(mail({ from: 'Dora <dora@guest.example>', subject: 'word '.repeat(60) }))
  t.ok(app.outbox[3]!.subject.length < 100, 'nobody writes a letter in a subject')
})

t.test('a text that names what there is not is refused when it is saved', async (t) => {
  const app = await desk(t)
  const texts = { en: { subject: 'Hello', text: 'Dear {{contact.password}}' } }
  t.equal((await app.call('PATCH', '/api/settings', { 'acknowledge.texts': texts })).status, 422)
  t.equal((await app.call('PATCH', '/api/settings', { 'acknowledge.texts': chatty })).status, 200)
  await app.mail(mail())
  t.equal(app.outbox[0]!.subject.trim(), 'Re: [#1]', 'nor are the words of the sender shown unasked')
  t.equal(app.outbox[0]!.text, 'Dear,\nsupport@desk.example')
})

t.test(
  'the language is that of the contact, else of the message, else of the inbox, else of the desk',
  async (t) => {
    const app = await desk(t, {
      language: 'es',
      inboxes: [{ address: 'Lyon@desk.example', language: 'fr' }],
    })
    await app.addInbox('lyon@desk.example')
    const made = await app.call('POST', '/api/contacts', {
      name: 'Iris',
      language: 'it-CH',
      identities: [{ kind: 'email', value: 'iris@guest.example' }],
    })
    t.equal(made.status, 201)
    const german =
      'Guten Tag, die Dusche ist kalt und ich bitte Sie um ein neues Zimmer mit Bad. Bitte nicht anrufen.'
    const address = (name: string) => `${name}@guest.example`
    await outcome(app, mail({ from: address('iris'), text: german }))
    await outcome(app, mail({ from: address('gerd'), text: german }))
    await outcome(app, mail({ from: address('luc'), text: 'OK?' }), 'lyon@desk.example')
    await outcome(app, mail({ from: address('sol'), text: 'OK?' }))
    t.same(
      (await answers(app)).map(({ language }) => language),
      ['es', 'fr', 'de', 'it'],
    )
    t.match(app.outbox[1]!.text, /Guten Tag/)
  },
)

t.test('an inbox can have texts of its own, or none at all', async (t) => {
  const own = { de: { subject: 'Angekommen', text: 'Ihre Nummer ist {{ticket.number}}.' } }
  const app = await desk(t, {
    inboxes: [
      { address: 'spa@desk.example', texts: own },
      { address: 'press@desk.example', answer: false },
    ],
  })
  await app.addInbox('spa@desk.example')
  await app.addInbox('press@desk.example')
  t.equal(
    await outcome(
      app,
      mail({ text: 'When is the spa open? I would like to know the price.' }),
      'spa@desk.example',
    ),
    'sent',
  )
  t.equal(app.outbox[0]!.text, 'Ihre Nummer ist 1.')
  t.equal(await outcome(app, mail(), 'press@desk.example'), 'inbox-left-out')
  t.equal(app.outbox.length, 1)
})
