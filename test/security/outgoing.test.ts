// What leaves the desk, byte by byte: no text of anybody adds a header or a recipient.
import nodemailer from 'nodemailer'
import t from 'tap'
import { compose } from '../../src/channels/email/compose.js'
import { testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'
import { ok } from '../support/world.js'

const app = await testApp(t)

/** The next mail in the outbox as it goes over the wire, and its envelope. */
async function wire() {
  app.clock.advance(60_000)
  await app.runJobs()
  const stream = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  const { message, envelope } = await stream.sendMail(compose(app.outbox.at(-1)!))
  const raw = message.toString()
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ')
  return { raw, envelope, lines: head.split('\r\n') }
}

const HEADERS =
  /^(From|To|Cc|Reply-To|Subject|Message-ID|In-Reply-To|References|Date|X-Frontdesk-Loop|MIME-Version|Content-[\w-]+): /

const EVIL =
  'x\r\nBcc: eve@evil.example\r\nX-Evil: 1\r\n\r\nbody\u2028Bcc: eve@evil.example\x0bBcc: y\x85Bcc: z'

t.test('no line end in a name, subject or file name adds a header', async (t) => {
  await ok(app, 'PATCH', `/api/inboxes/${app.inbox.id}`, { options: { fromName: EVIL.slice(0, 100) } })
  const file = await ok(
    app,
    'POST',
    `/api/attachments?filename=${encodeURIComponent(EVIL)}&contentType=text/plain`,
    Buffer.from('plan'),
  )
  const ticket = await ok(app, 'POST', '/api/tickets', {
    subject: EVIL,
    inboxId: app.inbox.id,
    requester: { name: EVIL, address: 'ann@guest.example' },
  })
  const cc = [{ name: `"${EVIL}" <eve@evil.example>`, address: 'bob@guest.example' }]
  await ok(app, 'POST', `/api/tickets/${ticket.id}/replies`, {
    text: EVIL,
    html: EVIL,
    cc,
    attachments: [file.id],
  })
  const { raw, envelope, lines } = await wire()
  for (const line of lines) t.match(line, HEADERS)
  t.notMatch(lines.join('\n'), /^(bcc|x-evil)/im)
  t.same(envelope.to, ['ann@guest.example', 'bob@guest.example'])
  const partHeads = raw
    .split(/\r\n----_?[^\r\n]+\r\n/)
    .slice(1)
    .map((part) => part.split('\r\n\r\n')[0]!)
  for (const head of partHeads) t.notMatch(head, /^(bcc|x-evil)/im)
  await ok(app, 'PATCH', `/api/inboxes/${app.inbox.id}`, { options: {} })
})

t.test('what a customer wrote into subject and name adds no header either', async (t) => {
  const encoded = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
  const { ticketId } = await app.mail(
    mail({
      from: `${encoded(EVIL)} <enc@guest.example>`,
      subject: encoded(EVIL),
      id: 'a b\tc@guest.example',
    }),
  )
  await ok(app, 'POST', `/api/tickets/${ticketId}/replies`, { text: 'Fine.' })
  const { envelope, lines } = await wire()
  for (const line of lines) t.match(line, HEADERS)
  t.same(envelope.to, ['enc@guest.example'])
})

t.test('nodemailer: a quoted local part is never read as another address', async (t) => {
  for (const from of [
    '"xclow3n@gmail.com x"@customer.invalid',
    '"xclow3n@gmail.com,y"@customer.invalid',
    'xclow3n@gmail.com "x"@customer.invalid',
    '"a@gmail.com" <"b@gmail.com>c"@customer.invalid>',
    'b@gmail.com:c@customer.invalid',
    '<@gmail.com:c@customer.invalid>',
    'group: b@gmail.com, c@customer.invalid;',
  ]) {
    const { ticketId } = await app.mail(mail({ from }))
    const [{ address }] = (await ok(app, 'GET', `/api/tickets/${ticketId}`)).participants
    const sent = await app.call('POST', `/api/tickets/${ticketId}/replies`, { text: 'Hello' })
    if (sent.status === 422) continue
    t.equal(sent.status, 201)
    const { envelope, raw } = await wire()
    const to = /^To: .*$/m.exec(raw)![0]
    // What is written is what was read: one recipient, in one place.
    t.same(envelope.to, [address], from)
    const domain = address.slice(address.lastIndexOf('@') + 1)
    t.ok(to.trim().replace(/>$/, '').endsWith(`@${domain}`), `${from} → ${to}`)
    if (from.startsWith('"xclow3n')) t.equal(domain, 'customer.invalid')
  }
})

t.test('a reply goes to fifty people and no more', async (t) => {
  const { ticketId } = await app.mail(mail({ from: 'many@guest.example' }))
  const people = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: '', address: `p${i}@far.example` }))
  const path = `/api/tickets/${ticketId}/replies`
  const before = app.outbox.length
  for (const [to, cc] of [
    [51, 0],
    [1, 50],
    [26, 25],
    [0, 10],
  ] as const) {
    const answer = await app.call('POST', path, { text: 'x', to: people(to), cc: people(cc) })
    t.ok([400, 422].includes(answer.status), `${to} and ${cc}: ${answer.status}`)
  }
  await ok(app, 'POST', path, { text: 'x', to: people(25), cc: people(25) })
  const { envelope } = await wire()
  t.equal(app.outbox.length, before + 1)
  t.ok([envelope.to].flat().length <= 50)
})

t.test('no address of a recipient can be an option, a list or a route', async (t) => {
  const { ticketId } = await app.mail(mail({ from: 'plain@guest.example' }))
  for (const address of [
    'a@b@c.example',
    'a,b@c.example',
    '<a@b.example>',
    'a@b.example\r\nBcc: c@d.example',
    '"a b"@c.example',
    'a@[127.0.0.1]',
    'list:a@b.example;',
    'a@b.example ',
    'nobody',
  ]) {
    const to = [{ name: '', address }]
    const { status, body } = await app.call('POST', `/api/tickets/${ticketId}/replies`, { text: 'x', to })
    t.equal(status, 400, JSON.stringify(address))
    t.match(body.errors[0].field, /^body\/to\/0\/address/)
  }
})

t.test('nothing of this machine or of the web is fetched into a mail', async (t) => {
  const { ticketId } = await app.mail(mail({ from: 'pdf@guest.example' }))
  const html = '<img src="file:///etc/passwd"><img src="/etc/passwd"><img src="http://127.0.0.1:1/x">'
  await ok(app, 'POST', `/api/tickets/${ticketId}/replies`, { text: '/etc/passwd', html })
  const { raw } = await wire()
  t.notMatch(raw, /root:|[^-]src=/)
})
