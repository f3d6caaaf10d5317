// What went wrong in other desks, as mails that come in here: forged answers, headers, senders, attachments, HTML.

import { eq } from 'drizzle-orm'
import t from 'tap'
import { testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'
import { ok } from '../support/world.js'

const EVE = 'eve@evil.example'

const app = await testApp(t)
let count = 0

/** A customer's ticket, with an id that anybody can guess. */
async function annWrites(provider = 'guest.example') {
  const address = `ann${++count}@${provider}`
  const id = `${count}@${provider}`
  const { ticketId } = await app.mail(mail({ from: address, id, text: 'My card ends in 4242.' }))
  const { number } = await ok(app, 'GET', `/api/tickets/${ticketId}`)
  return { address, id, ticketId, tag: `Re: [#${number}] Cold shower`, path: `/api/tickets/${ticketId}` }
}

/** Whom the next reply of an agent goes to. */
async function toldBy(ticketId: string | null) {
  const before = app.outbox.length
  await ok(app, 'POST', `/api/tickets/${ticketId}/replies`, { text: 'Your card ends in 4242.' })
  app.clock.advance(60_000)
  await app.runJobs()
  return app.outbox.slice(before).flatMap(({ to, cc }) => [...to, ...cc].map(({ address }) => address))
}

t.test('Zendesk 2024: a forged answer by a guessable id brings no Cc into the ticket', async (t) => {
  const { address, id, ticketId, tag } = await annWrites()
  for (const options of [
    { headers: { Cc: EVE, 'In-Reply-To': `<${id}>` } },
    { headers: { Cc: EVE, References: `<x@y> <${id}>` } },
    { headers: { Cc: `Ann <${address}>, ${EVE}` }, subject: tag },
  ]) {
    const forged = mail({ from: address, to: `support@desk.example, ${EVE}`, ...options })
    t.equal((await app.mail(forged)).ticketId, ticketId, 'it is taken for Ann’s, whose address it bears')
    t.same(await toldBy(ticketId), [address])
  }
})

t.test('a forged answer with a Reply-To of the same provider does not bring its writer in', async (t) => {
  const { address, id, ticketId, tag } = await annWrites('mail.example')
  const eve = { 'Reply-To': 'eve@mail.example' }
  for (const options of [{ headers: { ...eve, 'In-Reply-To': `<${id}>` } }, { headers: eve, subject: tag }])
    t.equal((await app.mail(mail({ from: address, ...options }))).ticketId, ticketId)
  t.same(await toldBy(ticketId), [address])
})

t.test('a stranger who names the ticket gets one of their own, and nothing of the other', async (t) => {
  const first = await annWrites()
  const { id, tag } = first
  for (const options of [
    { subject: tag },
    { headers: { 'In-Reply-To': `<${id}>` } },
    { headers: { References: `<${id}>`, Cc: first.address } },
    { to: 'support+t.aaaaaaaaaaaaaaaaaaaaaaaaaa@desk.example' },
    { headers: { 'In-Reply-To': `<fd.${'a'.repeat(26)}.x@desk.example>` } },
    { headers: { 'Delivered-To': 'support+t.1@desk.example' } },
  ]) {
    const answer = await app.mail(mail({ from: EVE, ...options }))
    t.equal(answer.state, 'opened', JSON.stringify(options))
    t.not(answer.ticketId, first.ticketId)
    await toldBy(answer.ticketId)
    const sent = app.outbox.at(-1)!
    t.notOk(sent.references.includes(id))
    t.notMatch(`${sent.text} ${sent.html}`, /It stays cold|My card/)
  }
  t.same(await toldBy(first.ticketId), [first.address])
})

t.test('a token with one letter changed opens nothing', async (t) => {
  const first = await annWrites()
  const { messageId } = await ok(app, 'POST', `${first.path}/replies`, { text: 'x' })
  const token: string = /^fd\.(\w+)\./.exec(messageId)![1]!
  for (const at of [0, 8, 12, 24]) {
    const letter = token[at] === 'b' ? 'c' : 'b'
    const changed = token.slice(0, at) + letter + token.slice(at + 1)
    const answer = await app.mail(mail({ from: EVE, to: `support+t.${changed}@desk.example` }))
    t.not(answer.ticketId, first.ticketId, `letter ${at}`)
  }
})

t.test('From: an agent gives no agent’s power', async (t) => {
  const first = await annWrites()
  const { id } = await app.agent('admin')
  const { items } = await ok(app, 'GET', '/api/agents')
  const agent = items.find((one: { id: string }) => one.id === id)
  const forged = await app.mail(mail({ from: `Admin <${agent.email}>`, subject: `${first.tag} #close` }))
  t.not(forged.ticketId, first.ticketId)
  const [message] = (await ok(app, 'GET', `/api/tickets/${forged.ticketId}`)).messages
  t.match(message, { direction: 'in', agentId: null })
  t.equal((await ok(app, 'GET', first.path)).status, 'new')
})

t.test('mail in the name of an own inbox, or that the desk has sent, stands aside', async (t) => {
  await app.addInbox('sales@desk.example')
  for (const options of [
    { from: 'support@desk.example' },
    { from: 'Boss <SUPPORT@desk.example>' },
    { from: 'sales+x@desk.example' },
    { headers: { 'X-Frontdesk-Loop': 'support@desk.example' } },
  ])
    t.equal((await app.mail(mail(options))).state, 'quarantined', JSON.stringify(options))
})

t.test('two From headers, or two senders in one, are nobody’s standing', async (t) => {
  const first = await annWrites()
  for (const options of [
    { from: first.address, headers: { from: EVE } },
    { from: EVE, headers: { FROM: first.address } },
    { from: `${first.address}, ${EVE}` },
  ]) {
    const forged = await app.mail(mail({ subject: first.tag, ...options }))
    t.not(forged.ticketId, first.ticketId, JSON.stringify(options))
    const { messages } = await ok(app, 'GET', `/api/tickets/${forged.ticketId}`)
    t.match(messages[0].warnings, ['from-multiple'])
  }
})

t.test('Authentication-Results count from the host of the inbox only, and its topmost', async (t) => {
  const first = await annWrites()
  await ok(app, 'PATCH', `/api/inboxes/${app.inbox.id}`, { options: { authHost: 'mx.desk.example' } })
  const answer = async (...results: string[]) => {
    const lines = results.map((one) => `Authentication-Results: ${one}\r\n`).join('')
    return (
      (await app.mail(lines + mail({ from: first.address, subject: first.tag }))).ticketId === first.ticketId
    )
  }
  t.notOk(await answer('mx.desk.example; dmarc=fail'), 'failed')
  t.notOk(await answer('mx.desk.example; dmarc=fail', 'mx.desk.example; dmarc=pass'), 'a forged one below')
  t.notOk(await answer('MX.desk.example 1; DMARC=FAIL', 'mx.evil.example; dmarc=pass'), 'a foreign one')
  t.ok(await answer('mx.desk.example; dmarc=pass'), 'passed')
  t.ok(await answer('mx.evil.example; dmarc=fail'), 'a foreign one cannot take standing away')
  await ok(app, 'PATCH', `/api/inboxes/${app.inbox.id}`, { options: {} })
})

t.test('RT: internal headers from outside do nothing', async (t) => {
  const first = await annWrites()
  const headers = {
    'X-Frontdesk-Ticket': first.ticketId!,
    'X-Frontdesk-Status': 'closed',
    'X-Frontdesk-Agent': 'admin',
    'X-Frontdesk-Inbox': 'other@desk.example',
    'X-Frontdesk-Loop': 'elsewhere@other.example',
  }
  const forged = await app.mail(mail({ from: EVE, headers }))
  t.equal(forged.state, 'opened')
  t.not(forged.ticketId, first.ticketId)
  const ticket = await ok(app, 'GET', `/api/tickets/${forged.ticketId}`)
  t.match(ticket, { status: 'new', inboxId: app.inbox.id })
  t.notMatch(JSON.stringify(ticket), /X-Frontdesk|elsewhere/i)
})

t.test('Zendesk 2025: no mail leaves the desk because one came in', async (t) => {
  app.clock.advance(60_000)
  await app.runJobs()
  const before = app.outbox.length
  for (let i = 0; i < 20; i++) await app.mail(mail({ from: `victim${i}@far.example`, subject: 'Buy now' }))
  app.clock.advance(24 * 3_600_000)
  await app.runJobs()
  t.equal(app.outbox.length, before)
})

t.test('an outsider who knows a Message-ID cannot suppress the mail that bears it', async (t) => {
  await app.mail(mail({ from: EVE, id: 'known@guest.example', text: 'first' }))
  const real = await app.mail(mail({ id: 'known@guest.example', text: 'The real one.' }))
  t.equal(real.state, 'opened')
  t.match((await ok(app, 'GET', `/api/tickets/${real.ticketId}`)).messages[0].text, /The real one/)
})

const part = (type: string, name: string, body: string) =>
  `--b\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename*=UTF-8''${encodeURIComponent(name)}\r\n\r\n${body}\r\n`
const mixed = (parts: string[]) =>
  mail({ headers: { 'Content-Type': 'multipart/mixed; boundary=b' }, text: `${parts.join('')}--b--` })

t.test('FreeScout: no name of an attachment is hidden, a path, or reads backwards', async (t) => {
  const names = [
    '\u200b.htaccess',
    '\u200d.env',
    '\ufeff.user.ini',
    '\u3164.x',
    '\u00ad..\\..\\.ssh',
    '../../.profile',
  ]
  const more = ['/etc/passwd', 'a\r\nSet-Cookie: x', 'invoice\u202efdp.exe', 'con:x', '.', '..']
  const raw = mixed([...names, ...more].map((name) => part('application/octet-stream', name, name)))
  const { ticketId } = await app.mail(raw)
  const { attachments } = (await ok(app, 'GET', `/api/tickets/${ticketId}`)).messages[0]
  t.equal(attachments.length, names.length + more.length)
  for (const { id, filename } of attachments) {
    t.match(filename, /^[\p{L}\p{N}_]/u, JSON.stringify(filename))
    t.notMatch(filename, /[/\\:\p{Cc}\u202a-\u202e]/u, JSON.stringify(filename))
    const { headers } = await app.call('GET', `/api/attachments/${id}`)
    t.match(headers['content-disposition'], /^attachment; filename="[\w. -]+"; filename\*=UTF-8''[\w.%~!-]+$/)
    t.equal(headers['set-cookie'], undefined)
  }
})

t.test('osTicket: what a browser would run comes as a file that it must not run', async (t) => {
  const types = ['image/svg+xml', 'text/html', 'application/xhtml+xml', 'text/xml', 'text/javascript']
  const raw = mixed([...types, 'application/pdf'].map((type) => part(type, 'x', '<script>alert(1)</script>')))
  const { ticketId, id } = await app.mail(raw)
  const { attachments } = (await ok(app, 'GET', `/api/tickets/${ticketId}`)).messages[0]
  t.equal(attachments.length, types.length + 1)
  const paths = attachments.map((file: { id: string }) => `/api/attachments/${file.id}`)
  for (const path of [...paths, `/api/intakes/${id}/raw`]) {
    const { headers } = await app.call('GET', path)
    t.match(headers['content-type'], path === paths.at(-1) ? 'application/pdf' : 'application/octet-stream')
    t.match(headers['content-disposition'], /^attachment;/)
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['content-security-policy'], "default-src 'none'; sandbox")
  }
})

const VECTORS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg><script>alert(1)</script><a xlink:href="javascript:alert(1)">x</a></svg>',
  '<form action="https://evil.example"><button formaction="javascript:alert(1)">x</button></form>',
  '<a href="java\tscript:alert(1)">x</a><a href="&#106;avascript:alert(1)">x</a><a href="data:text/html,x">x</a>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe><object data="x"></object><embed src="x">',
  '<img src="https://evil.example/pixel.gif"><div style="background:url(https://evil.example/x)">x</div>',
  '<link rel="stylesheet" href="https://evil.example/x.css"><meta http-equiv="refresh" content="0;url=x">',
  '<style>*{position:fixed}</style><div style="position:fixed;inset:0;z-index:9">x</div>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<img name="cookie" id="location"><base href="https://evil.example/">',
  '<img src="file:///etc/passwd"><img src="/etc/passwd">',
]

t.test('HTML is made harmless, in mail and in replies', async (t) => {
  const { path } = await annWrites()
  const headers = { 'Content-Type': 'text/html' }
  for (const text of VECTORS) {
    const { messageId } = await app.mail(mail({ headers, text }))
    const received = (await ok(app, 'GET', `/api/messages/${messageId}`)).html
    const sent = (await ok(app, 'POST', `${path}/replies`, { text: 'x', html: text })).html
    for (const shown of [received, sent]) {
      // What stands in a title stays text.
      const html = shown.replace(/ title="[^"<>]*"/g, '')
      t.notMatch(html, /<(script|svg|form|button|iframe|object|embed|link|meta|style|math|base)\b/i, text)
      t.notMatch(html, /\bon\w+=|javascript:|formaction|srcdoc|\bname=|\bid=|position|z-index|url\(/i, text)
      t.notMatch(html, /(?<!-)\b(src|action|background)="?(https?:|file:|\/|data:)/i, text)
    }
  }
})

t.test('a bomb costs its sender a ticket and the desk nothing', async (t) => {
  const crowd = Array.from({ length: 3000 }, (_, i) => `p${i}@far.example`).join(', ')
  const groups = `${'a:'.repeat(5000)}x@y.example${';'.repeat(5000)}`
  const first = await app.mail(mail({ headers: { Cc: crowd } }))
  await app.mail(mail({ headers: { Cc: groups }, text: `${'<div>'.repeat(1000)}` }))
  const people = (await ok(app, 'GET', `/api/tickets/${first.ticketId}`)).participants
  t.ok(people.length <= 21, `${people.length} people came in with one mail`)
  t.equal(
    (await app.db.select().from(app.db.t.contacts).where(eq(app.db.t.contacts.name, 'p2999@far.example')))
      .length,
    0,
  )
  t.ok((await toldBy(first.ticketId)).length <= 50)
})
