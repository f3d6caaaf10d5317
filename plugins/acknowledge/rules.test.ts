// Who gets no acknowledgement (RFC 3834 §2), and tickets that no longer need one when it is due.
import t from 'tap'
import { again, answers, desk, mail, outcome, put } from './test-kit.js'

t.test('machines, lists and bounces are never answered', async (t) => {
  const app = await desk(t)
  const marks: Record<string, string>[] = [
    { 'Auto-Submitted': 'auto-generated' },
    { 'List-Id': '<news.guest.example>' },
    { 'Return-Path': '<>' },
    { Precedence: 'bulk' },
  ]
  for (const headers of marks)
    t.equal(await outcome(app, mail({ headers })), 'automatic', JSON.stringify(headers))
  t.equal(await outcome(app, mail({ from: 'MAILER-DAEMON@guest.example' })), 'automatic')
  t.equal(await outcome(app, mail({ from: 'no-reply@guest.example' })), 'automatic')
  t.same(app.outbox, [])
})

t.test('a Reply-To does not lead the answer to a machine, a list or the desk itself', async (t) => {
  const app = await desk(t, { neverAnswer: ['@quiet.example', 'boss@guest.example'] })
  const replyTo = (address: string, from = 'ann@guest.example') =>
    outcome(app, mail({ from, headers: { 'Reply-To': address } }))
  t.equal(await replyTo('no-reply@guest.example'), 'machine-address')
  t.equal(await replyTo('bounces+ann=x@guest.example'), 'machine-address')
  t.equal(await replyTo('knitting-request@guest.example'), 'machine-address')
  t.equal(await replyTo('support@desk.example', 'ann@desk.example'), 'own-address')
  t.equal(await replyTo('support+x@desk.example', 'ann@desk.example'), 'own-address')
  t.equal(await replyTo('Boss@guest.example'), 'never-answer')
  t.equal(await outcome(app, mail({ from: 'carl@quiet.example' })), 'never-answer')
  t.same(app.outbox, [])
  t.equal(await outcome(app, mail({ from: 'carl@notquiet.example' })), 'sent')
})

t.test('a sender without an address is not answered', async (t) => {
  const app = await desk(t)
  t.equal(await outcome(app, mail({ from: '' })), 'no-address')
  t.same(app.outbox, [])
})

t.test('tickets that an agent made, or split off, are not acknowledged', async (t) => {
  const app = await desk(t)
  const made = await app.call('POST', '/api/tickets', {
    subject: 'By phone',
    inboxId: app.inbox.id,
    requester: { name: 'Ann', address: 'ann@guest.example' },
    note: 'She called.',
  })
  t.equal(made.status, 201)
  await app.runJobs({ twice: true })
  const { messageId } = await app.mail(mail())
  const split = await app.call('POST', `/api/messages/${messageId}/move`, { to: null })
  t.equal(split.status, 200)
  await app.runJobs({ twice: true })
  t.same(
    (await answers(app)).map(({ reason }) => reason),
    ['not-by-contact', null, 'not-by-contact'],
  )
  t.equal(app.outbox.length, 1)
})

t.test('when the answer is late, what is true then counts', async (t) => {
  const app = await desk(t, { enabled: false })
  const open = async (name: string) =>
    (await app.mail(mail({ from: `${name}@guest.example`, date: 'Thu, 01 Jan 2099 00:00:00 +0000' })))
      .ticketId!
  const tickets: string[] = []
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) tickets.push(await open(name))
  const [answered, solved, merged, waiting, undone, old] = tickets
  t.same(await answers(app), [], 'switched off, it does nothing')
  await app.call('POST', `/api/tickets/${answered}/replies`, { text: 'We are on our way.' })
  const reply = await app.call('POST', `/api/tickets/${undone}/replies`, { text: 'We are on our' })
  t.equal((await app.call('POST', `/api/messages/${reply.body.id}/cancel`)).status, 200)
  const { version } = (await app.call('GET', `/api/tickets/${solved}`)).body
  t.equal((await app.call('PATCH', `/api/tickets/${solved}`, { version, status: 'solved' })).status, 200)
  t.equal((await app.call('POST', `/api/tickets/${merged}/merge`, { into: waiting })).status, 200)
  await put(app, 'enabled', true)
  t.equal((await again(app, answered!))?.reason, 'answered')
  t.equal((await again(app, solved!))?.reason, 'done')
  t.equal((await again(app, merged!))?.reason, 'done')
  t.equal((await again(app, waiting!))?.sent, true)
  t.equal((await again(app, undone!))?.sent, true, 'a reply that was taken back is none')
  app.clock.advance(25 * 3_600_000)
  t.equal((await again(app, old!))?.reason, 'too-old')
})

t.test('an old mailbox that is imported answers nobody', async (t) => {
  const app = await desk(t)
  t.equal(await outcome(app, mail({ date: 'Mon, 03 Mar 2025 09:00:00 +0000' })), 'too-old')
  t.equal(await outcome(app, mail({ date: 'Mon, 02 Mar 2026 10:00:00 +0000' })), 'sent')
})

t.test('only the channels of the setting are acknowledged', async (t) => {
  const app = await desk(t, { channels: ['chat'] })
  t.equal(await outcome(app, mail()), 'channel')
})

t.test('whoever has the permission sees the list of the own inboxes, page by page', async (t) => {
  const app = await desk(t, { perAddress: 100, unanswered: 20 })
  const spa = await app.addInbox('spa@desk.example')
  await outcome(app, mail(), 'spa@desk.example')
  for (let i = 0; i < 3; i++) await outcome(app, mail({ text: `Brr ${i}` }))
  await outcome(app, mail({ from: 'no-reply@guest.example' }))
  const url = '/api/plugins/acknowledge/answers'
  t.equal((await app.call('GET', url, undefined, { token: null })).status, 401)
  const agent = await app.agent('agent', [spa])
  t.equal((await app.call('GET', url, undefined, { token: agent.token })).status, 403)
  const { body: roles } = await app.call('GET', '/api/roles')
  const { id, permissions } = roles.items.find(({ name }: { name: string }) => name === 'agent')
  const change = { permissions: [...permissions, 'acknowledge:read'] }
  t.equal((await app.call('PATCH', `/api/roles/${id}`, change)).status, 200)
  const own = await app.call('GET', url, undefined, { token: agent.token })
  t.same(
    own.body.items.map(({ inboxId }: { inboxId: string }) => inboxId),
    [spa.id],
  )
  const first = await app.call('GET', `${url}?limit=3`)
  const second = await app.call('GET', `${url}?limit=3&cursor=${first.body.nextCursor}`)
  const seen = [...first.body.items, ...second.body.items]
  t.same(
    seen.map(({ reason }) => reason),
    ['automatic', null, null, null, null],
  )
  t.equal(second.body.nextCursor, null)
  t.match(seen[0].explanation, /machine/)
  t.equal((await app.call('GET', `${url}?cursor=xx`)).status, 400)
  t.equal((await answers(app, '?sent=false')).length, 1)
})

t.test('a sender who failed authentication is not answered: he never wrote', async (t) => {
  const app = await desk(t)
  await app.call('PATCH', `/api/inboxes/${app.inbox.id}`, { options: { authHost: 'mx.desk.example' } })
  const headers = { 'Authentication-Results': 'mx.desk.example; dmarc=fail header.from=guest.example' }
  t.equal(await outcome(app, mail({ headers })), 'not-proved')
  t.same(app.outbox, [])
})
