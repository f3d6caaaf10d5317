import t from 'tap'
import { closePglite, testApp } from '../src/testing/index.js'

t.teardown(closePglite)
for (const database of ['sqlite', 'postgres'] as const)
  t.test(`a mail becomes a ticket, a reply goes out, the answer comes back (${database})`, async (t) => {
    const app = await testApp(t, { database })
    const first = await app.mail(
      'From: Ann <ann@guest.example>\nTo: support@desk.example\nMessage-ID: <1@guest.example>\nDate: Tue, 03 Mar 2026 09:00:00 +0000\nSubject: Late arrival\n\nEleven o’clock.\n',
    )
    t.equal(first.state, 'opened')
    const sent = await app.call('POST', '/api/tickets/1/replies', { text: 'Fine.' })
    t.equal(sent.status, 201, JSON.stringify(sent.body))
    app.clock.advance(20_000)
    await app.runJobs({ twice: true })
    t.equal(app.outbox.length, 1)
    const answer = await app.mail(
      `From: Ann <ann@guest.example>\nTo: support@desk.example\nMessage-ID: <2@guest.example>\nIn-Reply-To: <${sent.body.messageId}>\nDate: Tue, 03 Mar 2026 09:00:00 +0000\nSubject: Re: Late arrival\n\nThanks.\n`,
    )
    t.equal(answer.state, 'appended')
    t.equal(answer.ticketId, first.ticketId)
    const list = await app.call('GET', '/api/tickets?subject=late')
    t.equal(list.body.items.length, 1)
  })
