// Replies on their way out, against a real SMTP server that behaves as each test says.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import t, { type Test } from 'tap'
import { emailChannel } from '../../src/channels/email/channel.js'
import { createTransports } from '../../src/channels/email/transports.js'
import { type TestApp, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'

interface Received {
  from: string
  to: string[]
  raw: string
}

/** @param answer throws what the server says, with `responseCode`. */
async function smtp(
  t: Test,
  options: SMTPServerOptions = {},
  answer: (to: string, turn: number) => void = () => {},
) {
  const received: Received[] = []
  let turn = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      try {
        answer(address, ++turn)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom === false ? '' : mailFrom.address
        received.push({
          from,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => server.close(resolve)))
  const { port } = server.server.address() as AddressInfo
  return { received, url: `smtp://127.0.0.1:${port}` }
}

/** RFC 5322 §2.2.3. */
const unfolded = (raw: string) => raw.replace(/\r?\n(?=[ \t])/g, '')

const says = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

/** The real channel instead of the recorder of the test kit. */
function useSmtp(t: Test, app: TestApp, url: string | null) {
  const transports = createTransports(url, app.desk.secrets.open)
  t.teardown(() => transports.close())
  const channel = emailChannel({
    transports,
    outboxFolder: path.join(app.dir, 'outbox'),
    hasDefaultServer: url !== null,
  })
  ;(app.channels as Map<string, unknown>).set('email', channel)
}

async function ticketWithReply(app: TestApp, from: string, body: object = {}) {
  const { ticketId } = await app.mail(mail({ from, subject: 'Cold shower' }))
  const reply = await app.call('POST', `/api/tickets/${ticketId}/replies`, {
    text: 'We look at it.',
    ...body,
  })
  return { ticketId, reply: reply.body }
}

const read = async (app: TestApp, id: string) => (await app.call('GET', `/api/messages/${id}`)).body
const types = async (app: TestApp, ticketId: unknown) =>
  (await app.call('GET', `/api/tickets/${ticketId}/timeline`)).body.items.map(
    (entry: { type: string }) => entry.type,
  )

t.test('a reply goes out with its fixed id, thread headers, tag and attachment', async (t) => {
  const app = await testApp(t)
  const server = await smtp(t)
  useSmtp(t, app, server.url)
  const upload = await app.call(
    'POST',
    '/api/attachments?filename=map.pdf&contentType=application/pdf',
    Buffer.from('%PDF-1'),
  )
  const from = 'Ann <ann@guest.example>'
  const { ticketId, reply } = await ticketWithReply(app, from, { attachments: [upload.body.id] })
  t.equal(reply.delivery, 'queued')
  await app.runJobs()
  t.equal(server.received.length, 0, 'nothing leaves within the undo window')
  app.clock.advance(11_000)
  await app.runJobs({ twice: true })
  t.equal(server.received.length, 1)
  const [{ raw, to, from: sender }] = server.received as [Received]
  t.strictSame(to, ['ann@guest.example'])
  t.equal(sender, 'support@desk.example')
  t.match(unfolded(raw), `Message-ID: <${reply.messageId}>`)
  t.match(raw, /^Subject: Re: \[#1\] Cold shower\r$/m)
  t.match(raw, /^In-Reply-To: <m\d+@guest\.example>\r$/m)
  t.match(raw, /filename=map\.pdf/)
  t.equal((await read(app, reply.id)).delivery, 'sent')
  t.ok((await types(app, ticketId)).includes('message_sent'))
})

t.test('a reply can be taken back while it waits, not afterwards; another time can be given', async (t) => {
  const app = await testApp(t)
  const { reply } = await ticketWithReply(app, 'ann@guest.example')
  const taken = await app.call('POST', `/api/messages/${reply.id}/cancel`)
  t.equal(taken.body.delivery, 'cancelled')
  app.clock.advance(60_000)
  await app.runJobs()
  t.equal(app.outbox.length, 0)
  t.equal((await app.call('POST', `/api/messages/${reply.id}/cancel`)).body.code, 'wrong_state')
  const later = await ticketWithReply(app, 'bob@guest.example', { sendAt: '2026-03-04T09:00:00.000Z' })
  await app.runJobs()
  t.equal(app.outbox.length, 0)
  app.clock.set('2026-03-04T09:00:01.000Z')
  await app.runJobs()
  t.match(app.outbox, [{ id: later.reply.id }])
})

t.test('trouble that may pass is tried again and told; the second copy has the same bytes', async (t) => {
  const app = await testApp(t)
  const server = await smtp(t, {}, (_to, turn) => {
    if (turn === 1) throw says(451, '4.3.0 try later')
  })
  useSmtp(t, app, server.url)
  const { ticketId, reply } = await ticketWithReply(app, 'ann@guest.example')
  app.clock.advance(11_000)
  await app.runJobs()
  t.match(await read(app, reply.id), { delivery: 'queued', error: /try later/ })
  t.ok((await types(app, ticketId)).includes('message_delayed'))
  app.clock.advance(5 * 60_000)
  await app.runJobs()
  t.equal((await read(app, reply.id)).delivery, 'sent')
  // A lost 250: the row still says queued, so the message goes again.
  await app.db.transaction(
    (tx) => tx.update(tx.t.messages).set({ delivery: 'queued' }) as unknown as Promise<void>,
  )
  await app.db.transaction(async (tx) => {
    const { schedule } = await import('../../src/jobs/schedule.js')
    const { deliver } = await import('../../src/tickets/tokens.js')
    await schedule(tx, deliver, { messageId: reply.id })
  })
  await app.runJobs()
  const [one, two] = server.received.map(({ raw }) => createHash('sha256').update(raw).digest('hex'))
  t.equal(server.received.length, 2)
  t.equal(one, two)
})

t.test('a refusal is shown at once, and a person can send again', async (t) => {
  const app = await testApp(t)
  let open = false
  const server = await smtp(t, {}, () => {
    if (!open) throw says(550, '5.1.1 no such user')
  })
  useSmtp(t, app, server.url)
  const { ticketId, reply } = await ticketWithReply(app, 'gone@guest.example')
  app.clock.advance(11_000)
  await app.runJobs()
  t.match(await read(app, reply.id), { delivery: 'failed', error: /no such user/ })
  t.ok((await types(app, ticketId)).includes('message_failed'))
  open = true
  t.equal((await app.call('POST', `/api/messages/${reply.id}/retry`)).body.delivery, 'queued')
  await app.runJobs()
  t.equal((await read(app, reply.id)).delivery, 'sent')
})

t.test('one refused recipient of two is told, the other has the mail', async (t) => {
  const app = await testApp(t)
  const server = await smtp(t, {}, (to) => {
    if (to.startsWith('gone')) throw says(550, '5.1.1 no such user')
  })
  useSmtp(t, app, server.url)
  const cc = [{ name: '', address: 'gone@guest.example' }]
  const { reply } = await ticketWithReply(app, 'ann@guest.example', { cc })
  app.clock.advance(11_000)
  await app.runJobs()
  t.match(await read(app, reply.id), { delivery: 'sent', error: /gone@guest\.example.*no such user/ })
})

t.test('where STARTTLS is required nothing is sent in the clear', async (t) => {
  const app = await testApp(t)
  const server = await smtp(t)
  useSmtp(t, app, null)
  const options = { smtp: server.url, requireTls: true }
  t.equal((await app.call('PATCH', `/api/inboxes/${app.inbox.id}`, { options })).body.options.smtp, '***')
  const { reply } = await ticketWithReply(app, 'ann@guest.example')
  app.clock.advance(11_000)
  await app.runJobs()
  t.equal(server.received.length, 0)
  t.equal((await read(app, reply.id)).delivery, 'queued')
  await app.call('PATCH', `/api/inboxes/${app.inbox.id}`, { options: { smtp: '***', requireTls: false } })
  app.clock.advance(5 * 60_000)
  await app.runJobs()
  t.equal(server.received.length, 1, 'the masked address sent back kept the real one')
})

t.test('without an SMTP server a reply becomes a file', async (t) => {
  const app = await testApp(t)
  useSmtp(t, app, null)
  const { reply } = await ticketWithReply(app, 'ann@guest.example')
  app.clock.advance(11_000)
  await app.runJobs({ twice: true })
  const files = readdirSync(path.join(app.dir, 'outbox'))
  t.strictSame(files, [`${reply.id}.eml`])
  const file = readFileSync(path.join(app.dir, 'outbox', files[0]!), 'utf8')
  t.match(unfolded(file), `Message-ID: <${reply.messageId}>`)
})

t.test('a bounce is shown on the message it is about, and its address is not written to again', async (t) => {
  const app = await testApp(t)
  const { ticketId, reply } = await ticketWithReply(app, 'ann@guest.example')
  app.clock.advance(11_000)
  await app.runJobs()
  const report = [
    'From: MAILER-DAEMON@mx.example',
    'To: support@desk.example',
    'Subject: Undelivered Mail',
    'Return-Path: <>',
    'MIME-Version: 1.0',
    'Date: Tue, 03 Mar 2026 09:00:00 +0000',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'It could not be delivered.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    '',
    'Final-Recipient: rfc822; ann@guest.example',
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: smtp; 550 no such user',
    '',
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    `Message-ID: <${reply.messageId}>`,
    'From: support@desk.example',
    '',
    '--b--',
    '',
  ].join('\r\n')
  const intake = await app.mail(report)
  t.match(intake, { state: 'appended', ticketId })
  t.match(await read(app, reply.id), { delivery: 'failed', error: /5\.1\.1/ })
  t.ok((await types(app, ticketId)).includes('message_bounced'))
  const again = await app.call('POST', `/api/tickets/${ticketId}/replies`, { text: 'again' })
  app.clock.advance(11_000)
  await app.runJobs()
  t.match(await read(app, again.body.id), { delivery: 'failed', error: /suppression/ })
  t.equal((await app.call('DELETE', '/api/suppressions/ann@guest.example')).status, 204)
  await app.call('POST', `/api/messages/${again.body.id}/retry`)
  await app.runJobs()
  t.equal((await read(app, again.body.id)).delivery, 'sent')
})

t.test('a reply written against an older message is refused with the newer one', async (t) => {
  const app = await testApp(t)
  const first = await app.mail(mail({ id: 'a@guest.example' }))
  await app.mail(mail({ headers: { 'In-Reply-To': '<a@guest.example>' }, text: 'It is solved.' }))
  const url = `/api/tickets/${first.ticketId}/replies`
  const stale = await app.call('POST', url, { text: 'x', against: first.messageId })
  t.match(stale, { status: 409, body: { code: 'stale_reply', current: { text: /solved/ } } })
  const fresh = await app.call('POST', url, { text: 'x', against: stale.body.current.id })
  t.equal(fresh.status, 201)
})
