// The parse workers: they answer every mail, whatever it does to them.
import t from 'tap'
import { fallbackMessage } from '../../src/intake/mime/fallback.js'
import { createNormaliser } from '../../src/intake/mime/pool.js'

const mail = (n: number, body = 'hello') =>
  Buffer.from(
    `From: n${n}@kunde.example\r\nSubject: mail ${n}\r\nContent-Type: text/plain\r\n\r\n${body}\r\n`,
  )

t.test('many mails at once come back each with its own answer, whatever their sizes', async (t) => {
  const normaliser = createNormaliser({ workers: 2 })
  const words = (i: number) => `mail ${i} `.repeat(1 + ((i * 7919) % 4000))
  const messages = await Promise.all(
    Array.from({ length: 60 }, (_, i) => normaliser.normalise(mail(i, words(i)))),
  )
  for (const [i, message] of messages.entries()) {
    t.equal(message.subject, `mail ${i}`)
    t.equal(message.text.trim(), words(i).trim())
  }
  await normaliser.close()
})

t.test('those behind a mail that takes the worker down are parsed, only that one is not', async (t) => {
  const normaliser = createNormaliser({ memoryMb: 16 })
  const html = `<p>${'<b class="abc">x</b> '.repeat(19_500)}${'y'.repeat(590_000)}</p>`
  const bomb = Buffer.from(`From: a@b.example\r\nSubject: heavy\r\nContent-Type: text/html\r\n\r\n${html}`)
  const answers = await Promise.all([mail(1), bomb, mail(2), mail(3)].map((raw) => normaliser.normalise(raw)))
  t.same(
    answers.map(({ subject, warnings }) => [subject, warnings.includes('parse-crashed')]),
    [
      ['mail 1', false],
      ['heavy', true],
      ['mail 2', false],
      ['mail 3', false],
    ],
  )
  await normaliser.close()
})

t.test('bytes and dates survive the way out of the worker', async (t) => {
  const normaliser = createNormaliser()
  const content = Buffer.alloc(3_000_000, 'frontdesk')
  const raw = `From: a@b.example\r\nDate: Mon, 02 Mar 2026 09:15:00 +0100\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n${content.toString('base64')}`
  const message = await normaliser.normalise(Buffer.from(raw))
  t.ok(message.date instanceof Date)
  t.equal(Buffer.compare(Buffer.from(message.attachments[0]!.content), content), 0)
  await normaliser.close()
})

t.test('a mail that takes too long is answered from its headers, and the next one is read', async (t) => {
  const normaliser = createNormaliser({ timeoutMs: 1 })
  const slow = await normaliser.normalise(mail(1, 'typed words'))
  t.match(slow, { subject: 'mail 1', reply: 'typed words', warnings: ['parse-timeout'] })
  await normaliser.close()
  const next = createNormaliser()
  t.same((await next.normalise(mail(2))).warnings, [])
  await next.close()
})

t.test('a worker out of memory costs only its mail', async (t) => {
  const normaliser = createNormaliser({ memoryMb: 8 })
  const html = `<p>${'<b>x</b> '.repeat(30_000)}</p>`
  const raw = Buffer.from(`From: a@b.example\r\nSubject: heavy\r\nContent-Type: text/html\r\n\r\n${html}`)
  t.match(await normaliser.normalise(raw), { subject: 'heavy' })
  t.match(await normaliser.normalise(mail(3)), { subject: 'mail 3' })
  await normaliser.close()
})

t.test('after close, and while closing, mails are still answered', async (t) => {
  const normaliser = createNormaliser()
  const waiting = [normaliser.normalise(mail(1)), normaliser.normalise(mail(2))]
  await normaliser.close()
  t.same(
    (await Promise.all(waiting)).map((message) => message.subject),
    ['mail 1', 'mail 2'],
  )
  t.match(await normaliser.normalise(mail(3)), { subject: 'mail 3', warnings: ['parse-closed'] })
})

t.test('the fallback is quick with any bytes', async (t) => {
  for (const raw of [
    Buffer.alloc(0),
    Buffer.alloc(20_000_000, 'a'),
    Buffer.alloc(20_000_000, 'a: b\n'),
    Buffer.alloc(20_000_000, '\n '),
  ]) {
    const start = performance.now()
    t.ok(fallbackMessage(raw, 'parse-crashed').warnings.includes('parse-crashed'))
    t.ok(performance.now() - start < 1500)
  }
})
