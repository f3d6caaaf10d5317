// One request to one receiver that fails in every way, and to addresses that must not be reached.

import { isUtf8 } from 'node:buffer'
import { isAllowedAddress } from 'frontdesk/plugin'
import t from 'tap'
import { createSender, type SenderOptions } from './send.js'
import { parseTarget } from './target.js'
import { rawReceiver, receiver, selfSigned } from './testing/receiver.js'

const own = { allowHttp: true, allowPrivateNetworks: true }
const strict = { allowHttp: false, allowPrivateNetworks: false }
const signal = new AbortController().signal

const post = (url: string, options: SenderOptions = {}, rules = own) =>
  createSender({ timeoutMs: 5000, ...options })({
    url,
    headers: { 'x-a': 'b' },
    body: '{"ä":1}',
    rules,
    signal,
  })

t.test('an address inside is refused, however it is written', async (t) => {
  const inside = `0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.0.9 169.254.169.254 172.31.0.1 192.168.1.1 192.0.0.192
    192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 255.255.255.255 100.100.100.200 168.63.129.16
    :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::7f00:1 64:ff9b::7f00:1 64:ff9b:1::1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254
    fec0::1 ff02::1 2001:db8::1 2001::1 2002:7f00:1::1 3fff::1 100::1 4000::1`
  t.strictSame(
    inside
      .trim()
      .split(/\s+/)
      .filter((address) => isAllowedAddress(address, false)),
    [],
  )
  const outside = ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1']
  t.strictSame(
    outside.filter((address) => !isAllowedAddress(address, false)),
    [],
  )
  const never = ['169.254.169.254', 'fd00:ec2::254', '0.0.0.0', '::ffff:10.0.0.1', 'fe80::1', '224.0.0.1']
  t.strictSame(
    never.filter((address) => isAllowedAddress(address, true)),
    [],
    'also where private networks are allowed',
  )
  t.ok(['127.0.0.1', '10.0.0.1', '::1', 'fd12::1'].every((address) => isAllowedAddress(address, true)))
})

t.test('a URL that leads inside or is not plain https is refused before anything is asked', async (t) => {
  const bad = `http://receiver.test/ ftp://receiver.test/ file:///etc/passwd https://ann:pw@receiver.test/ https://ann@receiver.test/
    https://receiver.test:25/ https://receiver.test:22/ https://2130706433/ https://0x7f.1/ https://0177.0.0.1/ https://127.1/
    https://[::1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/ https://[64:ff9b::7f00:1]/ https://169.254.169.254/
    https://localhost/ https://api.localhost./ https://１２７.０.０.１/ https:// nonsense`
  const taken = bad
    .trim()
    .split(/\s+/)
    .filter((url) => typeof parseTarget(url, strict) !== 'string')
  t.strictSame(taken, [])
  const good = [
    'https://receiver.test',
    'https://receiver.test:8443/a?b=c',
    'https://8.8.8.8/',
    'https://[2606:4700::1]/',
  ]
  t.ok(good.every((url) => typeof parseTarget(url, strict) === 'object'))
})

t.test('2xx is delivered, anything else is not', async (t) => {
  const r = await receiver(t)
  t.match(await post(r.url), { status: 204, error: null, answer: '' })
  t.match(r.requests[0], { body: '{"ä":1}', headers: { 'x-a': 'b', 'content-length': '8' } })
  for (const status of [400, 404, 410, 429, 500, 503]) {
    r.answer((response) => response.writeHead(status, { 'retry-after': '7' }).end('no\0t \u001b[31mnow'))
    t.match(await post(r.url), {
      status,
      error: `It answered ${status}.`,
      retryAfter: '7',
      answer: 'no t  [31mnow',
    })
  }
})

t.test('a redirect is not followed', async (t) => {
  const [r, inside] = [await receiver(t), await receiver(t)]
  for (const status of [301, 302, 303, 307, 308]) {
    r.answer((response) => response.writeHead(status, { location: inside.url }).end())
    t.match(await post(r.url), { status, error: /not followed/ })
  }
  t.equal(inside.requests.length, 0)
})

t.test('whoever never answers, or byte by byte, is left after the time', async (t) => {
  const late = { status: null, error: 'There was no whole answer within 0.2 s.' }
  const mute = await rawReceiver(t, () => {})
  const slow = await rawReceiver(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const drip = setInterval(() => socket.write('x: y\r\n'), 20)
    socket.on('close', () => clearInterval(drip))
  })
  const [a, b, c] = await Promise.all([
    post(mute, { timeoutMs: 200 }),
    post(slow, { timeoutMs: 200 }),
    post('http://receiver.test/', { timeoutMs: 200, resolve: () => new Promise(() => {}) }),
  ])
  t.match(a, late)
  t.match(b, late)
  t.match(c, late, 'also when it is DNS that hangs')
})

t.test('an accepted delivery stays accepted when the answer never ends or breaks off', async (t) => {
  const r = await receiver(t)
  r.answer((response) => response.writeHead(200).write('thanks'))
  t.match(await post(r.url, { timeoutMs: 1000 }), { status: 200, error: null, answer: 'thanks' })
  r.answer((response) => {
    response.writeHead(200, { 'content-length': 100 }).write('tha')
    setTimeout(() => response.destroy(), 20)
  })
  t.match(await post(r.url), { status: 200, error: null, answer: 'tha' })
})

t.test('of a huge answer 8 kB are read and 1000 characters kept', async (t) => {
  const r = await receiver(t)
  let written = 0
  r.answer((response) => {
    response.writeHead(500)
    const more = () => {
      while (!response.destroyed && written < 2 ** 28) {
        written += 65_536
        if (!response.write(Buffer.alloc(65_536, 'é'))) break
      }
    }
    response.on('drain', more).on('error', () => {})
    more()
  })
  const { answer, error } = await post(r.url, { timeoutMs: 3000 })
  t.equal(error, 'It answered 500.')
  t.equal(answer?.length, 1000)
  t.ok(isUtf8(Buffer.from(answer ?? '')))
  t.ok(written < 2 ** 25, 'the connection was ended, not drained')
})

t.test('broken connections are told apart', async (t) => {
  const r = await receiver(t)
  const tls = await receiver(t, true)
  const answers = async (talk: Parameters<typeof rawReceiver>[1]) =>
    (await post(await rawReceiver(t, talk))).error
  t.match(await answers((socket) => socket.destroy()), /closed before the whole answer/)
  t.match(await answers((socket) => socket.end('HTTP/1.1 200 O')), /closed before the whole answer|not HTTP/)
  t.match(await answers((socket) => socket.end('220 smtp.test ESMTP\r\n')), /not HTTP/)
  t.match(
    await answers((socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)),
    /too large/,
  )
  t.match((await post('http://127.0.0.1:1')).error, /must use port/)
  const free = await rawReceiver(t, () => {})
  t.match((await post(free.replace('127.0.0.1', '127.0.0.2'))).error, /refused the connection/)
  t.match((await post(r.url.replace('http:', 'https:'))).error, /^TLS: .*does not speak/)
  t.match((await post(tls.url)).error, /^TLS: .*self-signed/)
  t.equal(tls.requests.length, 0)
})

t.test('a name that leads inside is refused, even by one address of several', async (t) => {
  const error = 'The name of the receiver leads to an address that webhooks may not be sent to.'
  for (const addresses of [['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['2606:4700::1111', '::ffff:127.0.0.1']])
    t.match(await post('https://receiver.test', { resolve: async () => addresses }, strict), {
      status: null,
      error,
    })
  t.match(await post('http://receiver.test', { resolve: async () => ['169.254.169.254'] }), { error })
  t.match(await post('https://receiver.test', { resolve: async () => [] }, strict), { error: /no address/ })
})

t.test(
  'a name that changes after the check changes nothing: the checked address is connected to',
  async (t) => {
    const r = await receiver(t)
    const answers = [['127.0.0.1'], ['127.0.0.9']]
    const asked: string[] = []
    const resolve = async (host: string) => {
      asked.push(host)
      return answers.shift() ?? []
    }
    t.match(await post(`http://receiver.test:${r.port}/`, { resolve }), { status: 204 })
    t.strictSame(asked, ['receiver.test'], 'asked once')
    t.equal(r.requests[0]?.headers.host, `receiver.test:${r.port}`)
  },
)

t.test('TLS is verified, for the name of the URL and not for the address behind it', async (t) => {
  const r = await receiver(t, true)
  const options = { ca: selfSigned.cert, resolve: async () => ['127.0.0.1'] }
  const answer = (host: string) => post(`https://${host}:${r.port}/`, options)
  t.match(await answer('receiver.test'), { status: 204, error: null })
  t.match(await answer('other.test'), { status: null, error: 'TLS: the certificate is for another name.' })
  t.equal(r.requests.length, 1)
})

t.test('a stop of the process is no failure of the receiver', async (t) => {
  const stop = new AbortController()
  const url = await rawReceiver(t, () => stop.abort())
  await t.rejects(createSender()({ url, headers: {}, body: '', rules: own, signal: stop.signal }))
})
