// What becomes of strange mails: every pair in test/fixtures/mail, then the ones too large for a file.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { inspectHtml, inspectJson, inspectText } from '../../src/intake/mime/inspect.js'
import type { InboundMessage } from '../../src/intake/mime/message.js'
import { normalise } from '../../src/intake/mime/normalise.js'

const FIXTURES = new URL('../../../test/fixtures/mail/', import.meta.url)
const HEAD =
  'From: Nina <nina@kunde.example>\r\nTo: desk@firma.example\r\nSubject: big\r\nMessage-ID: <b@kunde.example>\r\n'
const plain = (body: string) => Buffer.from(`${HEAD}Content-Type: text/plain\r\n\r\n${body}`)
const html = (body: string) => Buffer.from(`${HEAD}Content-Type: text/html; charset=utf-8\r\n\r\n${body}`)

/** As JSON, so that dates and the rest compare with the files. */
function shown(message: InboundMessage): Record<string, unknown> {
  return JSON.parse(JSON.stringify(message, (key, value) => (key === 'content' ? undefined : value)))
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return value && typeof value === 'object'
    ? Object.entries(value).flatMap(([key, one]) => [key, ...stringsOf(one)])
    : []
}

for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith('.eml'))) {
  const name = file.slice(0, -4)
  t.test(`the mail '${name}' is read as expected`, async (t) => {
    const message = shown(await normalise(readFileSync(new URL(file, FIXTURES))))
    const expected = JSON.parse(readFileSync(new URL(`${name}.json`, FIXTURES), 'utf8'))
    for (const [key, value] of Object.entries(expected)) {
      // Lists of plain values, and what is empty, must be equal; objects must hold what is named.
      const exact =
        value === null ||
        typeof value !== 'object' ||
        Object.keys(value).length === 0 ||
        typeof Object.values(value)[0] === 'string'
      if (exact) t.same(message[key], value, key)
      else t.hasStrict(message[key], value, key)
      if (Array.isArray(value)) t.equal((message[key] as unknown[]).length, value.length, `as many ${key}`)
    }
    for (const text of stringsOf(message)) t.notMatch(text, /\0|\p{Surrogate}/u)
  })
}

t.test('every leaf of the tree arrives with its bytes', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) % 256))
  const part = (n: number) =>
    `--a\r\nContent-Type: application/x-${n}\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.subarray(n).toString('base64')}\r\n`
  const raw = `${HEAD}Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nhi\r\n${part(0)}${part(1)}${part(2)}--a--\r\n`
  const { attachments, text } = await normalise(Buffer.from(raw))
  t.equal(text, 'hi')
  t.same(
    attachments.map(({ content }) =>
      Buffer.compare(Buffer.from(content), bytes.subarray(5000 - content.length)),
    ),
    [0, 0, 0],
  )
  t.match(attachments[0], { size: 5000, md5: /^[0-9a-f]{32}$/, sha256: /^[0-9a-f]{64}$/ })
})

t.test('an html part too deep or too large is left out and its text kept', async (t) => {
  const deep = await normalise(html(`${'<div>'.repeat(100_000)}deep text`))
  t.match(deep, { html: '', reply: 'deep text', warnings: ['html-too-deep'] })
  const links = await normalise(html('<a href="http://x.example/">l</a> '.repeat(100_000)))
  t.match(links, { html: '', warnings: ['text-cut', 'html-too-large'] })
  t.match(await normalise(html('<p><b><i>'.repeat(50_000))), { html: '' })
  t.match((await normalise(html('<img src="data:image/png;base64,AAAA">x'))).warnings, ['data-image-removed'])
})

t.test('structures without end are cut at the limits, with their text where it can be found', async (t) => {
  const open = (i: number) => `Content-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\n`
  const nested = Array.from({ length: 200 }, (_, i) => open(i)).join('')
  const deep = await normalise(Buffer.from(`${HEAD}${nested}Content-Type: text/plain\r\n\r\ndeep text\r\n`))
  t.match(deep, { reply: 'deep text', subject: 'big' })
  t.ok(deep.warnings.includes('nesting-limit'))
  const part = '--x\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\na\r\n'
  const wide = await normalise(
    Buffer.from(`${HEAD}Content-Type: multipart/mixed; boundary=x\r\n\r\n${part.repeat(10_000)}--x--\r\n`),
  )
  t.equal(wide.attachments.length, 500)
  t.match(wide.warnings.join(), /parts-limit: 8\d\d\d more/)
})

t.test('headers without end are cut and the mail is still read', async (t) => {
  const many = await normalise(
    Buffer.from(`${HEAD}${'X-H: v\r\n'.repeat(50_000)}Cc: c@x.example\r\n\r\nhello`),
  )
  t.match(many, { cc: [{ address: 'c@x.example' }], text: 'hello' })
  const people = `${HEAD.replace('desk@firma.example', `desk@firma.example${',\r\n u@many.example'.repeat(20_000)}`)}\r\nhello`
  const crowd = await normalise(Buffer.from(people))
  t.equal(crowd.to.length, 200)
  t.ok(crowd.warnings.includes('header-cut: to'))
  const words = await normalise(
    Buffer.from(`${HEAD.replace('big', Array(50_000).fill('=?utf-8?Q?a?=').join('\r\n '))}\r\nhello`),
  )
  t.equal(words.subject.length, 998)
  const groups = await normalise(
    Buffer.from(`From: ${'g:'.repeat(20_000)}a@b.example${';'.repeat(20_000)}\r\n\r\nhello`),
  )
  t.equal(groups.text, 'hello')
})

t.test('texts made to stall the reply splitter are read in time', async (t) => {
  const bodies = [
    '>'.repeat(1_000_000),
    `${'On '.repeat(300_000)}wrote:`,
    `${' '.repeat(1_000_000)}x`,
    '_'.repeat(1_000_000),
    '-- \r\n'.repeat(100_000),
    'From: a\r\nSent: b\r\nTo: c\r\nSubject: d\r\n'.repeat(10_000),
    '\r\n'.repeat(1_000_000),
    'y'.repeat(10_000_000),
    'On 1.1.2026 <a@\r\n'.repeat(10_000),
  ]
  for (const body of bodies) {
    const start = performance.now()
    await normalise(plain(body))
    await normalise(html(body))
    t.ok(performance.now() - start < 4000, JSON.stringify(body.slice(0, 20)))
  }
})

t.test('what is inspected has one shape for mails, html and texts', async (t) => {
  const keys = Object.keys(inspectJson(await normalise(plain('x'))))
  t.same(Object.keys(inspectHtml('<b>x</b>')).sort(), keys.sort())
  t.match(inspectHtml('<p onclick=x>new</p><blockquote>old</blockquote>'), {
    html: '<p>new</p><blockquote>old</blockquote>',
    reply: 'new',
  })
  t.match(inspectText('yes\n\nOn 1 May 2026, Bob wrote:\n> ok?'), { reply: 'yes', html: '' })
})
