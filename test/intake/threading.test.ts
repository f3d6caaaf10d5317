// Which ticket does a mail answer? The rules of the intake, in their order, on both databases.
import t from 'tap'
import { closePglite, type TestApp, testApp } from '../../src/testing/index.js'
import { replyAddress } from '../../src/tickets/capability.js'
import { mail } from '../support/mails.js'

t.teardown(closePglite)

async function replied(app: TestApp, number: number, text = 'We look at it.') {
  const { body } = await app.call('POST', `/api/tickets/${number}/replies`, { text })
  app.clock.advance(60_000)
  await app.runJobs()
  return body.messageId as string
}

const people = async (app: TestApp, key: string | number) =>
  (await app.call('GET', `/api/tickets/${key}`)).body.participants
    .map((p: { address: string }) => p.address)
    .sort()

for (const database of ['sqlite', 'postgres'] as const)
  t.test(`threading (${database})`, async (t) => {
    const app = await testApp(t, { database })
    const first = await app.mail(mail({ id: 'first@guest.example' }))
    t.equal(first.state, 'opened')
    const ours = await replied(app, 1)

    t.test('an answer to our Message-ID goes to its ticket, whoever holds it', async (t) => {
      const answer = await app.mail(mail({ headers: { 'In-Reply-To': `<${ours}>` } }))
      t.match(answer, { state: 'appended', ticketId: first.ticketId })
      const other = await app.mail(
        mail({ from: 'ann.private@home.example', headers: { References: `<x@y> <${ours}>` } }),
      )
      t.match(other, { state: 'appended', ticketId: first.ticketId })
      t.ok((await people(app, 1)).includes('ann.private@home.example'))
    })

    t.test('a reply address with a token is as good, in To, Cc or Delivered-To', async (t) => {
      const token = /^fd\.([a-z2-7]{26})\./.exec(ours)![1]!
      const address = replyAddress('support@desk.example', token)
      for (const options of [
        { to: address },
        { headers: { Cc: address } },
        { headers: { 'Delivered-To': address } },
      ])
        t.match(await app.mail(mail(options)), { state: 'appended', ticketId: first.ticketId })
      const forged = address.replace(token, `${token.slice(0, -2)}aa`)
      t.match(await app.mail(mail({ from: 'eve@evil.example', to: forged })), { state: 'opened' })
    })

    t.test('an answer to a stored Message-ID counts for a participant only', async (t) => {
      const headers = { 'In-Reply-To': '<first@guest.example>' }
      t.match(await app.mail(mail({ headers })), { state: 'appended', ticketId: first.ticketId })
      const stranger = await app.mail(mail({ from: 'eve@evil.example', headers }))
      t.match(stranger, { state: 'opened' })
      const { body } = await app.call('GET', `/api/tickets/${stranger.ticketId}`)
      t.match(body.links, [{ otherId: first.ticketId, kind: 'possible-follow-up' }])
      t.equal(body.messages.length, 1)
    })

    t.test(
      'a subject tag counts for a participant only, and the participant finds the right one of two',
      async (t) => {
        t.match(await app.mail(mail({ subject: 'Re: [#1] shower' })), {
          state: 'appended',
          ticketId: first.ticketId,
        })
        t.match(await app.mail(mail({ subject: 'Re: [#77] [#1] shower' })), { ticketId: first.ticketId })
        const stranger = await app.mail(mail({ from: 'mallory@evil.example', subject: 'Re: [#1] shower' }))
        t.equal(stranger.state, 'opened')
        t.not(stranger.ticketId, first.ticketId)
      },
    )

    t.test('whoever only guessed an id brings nobody in', async (t) => {
      const before = await people(app, 1)
      const headers = { 'In-Reply-To': '<first@guest.example>', Cc: 'attacker@evil.example' }
      t.equal((await app.mail(mail({ headers }))).state, 'appended')
      t.strictSame(await people(app, 1), before)
      const held = { 'In-Reply-To': `<${ours}>`, Cc: 'colleague@guest.example' }
      await app.mail(mail({ headers: held }))
      t.ok((await people(app, 1)).includes('colleague@guest.example'))
    })

    t.test('newsletters that share an In-Reply-To do not meet', async (t) => {
      const headers = { 'In-Reply-To': '<issue-7@list.example>' }
      const one = await app.mail(mail({ from: 'a@one.example', headers }))
      const two = await app.mail(mail({ from: 'b@two.example', headers }))
      t.not(one.ticketId, two.ticketId)
    })

    t.test('a solved ticket is reopened; one solved long ago is followed by a linked one', async (t) => {
      const old = await app.mail(mail({ from: 'old@guest.example', id: 'old@guest.example' }))
      await app.call('POST', `/api/tickets/${old.ticketId}/solve`)
      const headers = { 'In-Reply-To': '<old@guest.example>' }
      app.clock.advance(86_400_000)
      t.equal((await app.mail(mail({ from: 'old@guest.example', headers }))).ticketId, old.ticketId)
      t.equal((await app.call('GET', `/api/tickets/${old.ticketId}`)).body.status, 'open')
      await app.call('POST', `/api/tickets/${old.ticketId}/solve`)
      app.clock.advance(31 * 86_400_000)
      const late = await app.mail(mail({ from: 'old@guest.example', headers }))
      t.equal(late.state, 'opened')
      const { body } = await app.call('GET', `/api/tickets/${late.ticketId}`)
      t.match(body.links, [{ otherId: old.ticketId, kind: 'follow-up' }])
    })

    t.test('an automatic answer is kept on its ticket and wakes nobody', async (t) => {
      const it = await app.mail(mail({ from: 'oof@guest.example', id: 'oof@guest.example' }))
      await app.call('POST', `/api/tickets/${it.ticketId}/solve`)
      const headers = { 'In-Reply-To': '<oof@guest.example>', 'Auto-Submitted': 'auto-replied' }
      const away = await app.mail(mail({ from: 'oof@guest.example', headers }))
      t.match(away, { state: 'appended', ticketId: it.ticketId })
      const { body } = await app.call('GET', `/api/tickets/${it.ticketId}`)
      t.equal(body.status, 'solved')
      t.equal(body.messages.at(-1).automatic, 'auto-reply')
    })

    t.test('an answer to a merged ticket follows it', async (t) => {
      const source = await app.mail(mail({ from: 'twin@guest.example', id: 'twin@guest.example' }))
      const sent = await replied(app, (await app.call('GET', `/api/tickets/${source.ticketId}`)).body.number)
      t.equal(
        (await app.call('POST', `/api/tickets/${source.ticketId}/merge`, { into: first.ticketId })).status,
        200,
      )
      const answer = await app.mail(
        mail({ from: 'twin@guest.example', headers: { 'In-Reply-To': `<${sent}>` } }),
      )
      t.match(answer, { state: 'appended', ticketId: first.ticketId })
    })

    t.test('a mail in the name of an own inbox stands aside', async (t) => {
      const loop = await app.mail(mail({ from: 'support@desk.example' }))
      t.match(loop, { state: 'quarantined' })
      const marked = await app.mail(mail({ headers: { 'X-Frontdesk-Loop': 'support@desk.example' } }))
      t.match(marked, { state: 'quarantined', reason: /loop/ })
    })

    t.test('the provider’s own id for what we sent threads too', async (t) => {
      const it = await app.mail(mail({ from: 'ses@guest.example' }))
      const number = (await app.call('GET', `/api/tickets/${it.ticketId}`)).body.number
      await app.call('POST', `/api/tickets/${number}/replies`, { text: 'x' })
      ;(app.channels as Map<string, unknown>).set('email', {
        ...app.channels.get('email'),
        deliver: async () => ({ kind: 'sent', refused: [], providerId: 'rewritten@provider.example' }),
      })
      app.clock.advance(60_000)
      await app.runJobs()
      const headers = { 'In-Reply-To': '<rewritten@provider.example>' }
      t.match(await app.mail(mail({ from: 'ses@guest.example', headers })), { ticketId: it.ticketId })
    })
  })
