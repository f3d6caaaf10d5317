// Reading a feed over TLS from a server that answers in every way, and from addresses that must not be reached.

import type { IncomingMessage, RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { isAllowedAddress } from 'frontdesk/plugin'
import t, { type Test } from 'tap'
import { createFetch, type Fetched, type FetchOptions, type Known, MOST_BYTES } from './fetch.js'
import { parseTarget } from './target.js'

const own = { allowPrivateNetworks: true }
const strict = { allowPrivateNetworks: false }
const signal = new AbortController().signal

/** Made for this file; it opens nothing. */
const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtXhsbI5XO2k9yxat
ckV3kR9bZhm14sCMeZf68oP6DI+hRANCAASz4TU8dsWHL4f/RpsoslyYdfXZAtZC
Neh6Ug5Qw2a4d4nrHHHs/tM+/28AXwFE4KE1ngN4lMQI+uaJdPWNivRF
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBpzCCAU2gAwIBAgIUEEXd5gYfWjzdPoJqL6vqj9t+4cQwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDAgFw0yNjExMjIwMzU2MDJaGA8yMTI2
MTAyOTAzNTYwMlowGDEWMBQGA1UEAwwNcmVjZWl2ZXIudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABLPhNTx2xYcvh/9GmyiyXJh19dkC1kI16HpSDlDDZrh3
iesccez+0z7/bwBfAUTgoTWeA3iUxAj65ol09Y2K9EWjczBxMB0GA1UdDgQWBBQ1
M3AuEtiCKcfWDmWVY6mhJ9owqDAfBgNVHSMEGDAWgBQ1M3AuEtiCKcfWDmWVY6mh
J9owqDAPBgNVHRMBAf8EBTADAQH/MB4GA1UdEQQXMBWCDXJlY2VpdmVyLnRlc3SH
BH8AAAEwCgYIKoZIzj0EAwIDSAAwRQIhAMvK6oEoX1TsXaHnzIr0pNeMA97PzJhM
GvGiW4wrRIWBAiBD6eDwjRM8his+ftYUU09C0mCRTJGkkRGS8j7UTP1b/w==
-----END CERTIFICATE-----`,
}

async function server(t: Test, listener: RequestListener) {
  const requests: IncomingMessage[] = []
  const https_ = https.createServer(selfSigned, (request, response) => {
    requests.push(request)
    listener(request, response)
  })
  await new Promise<void>((resolve) => https_.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    https_.closeAllConnections()
    https_.close()
  })
  const { port } = https_.address() as AddressInfo
  const read = (path = '/', known?: Known, options: FetchOptions = {}, rules = own): Promise<Fetched> =>
    createFetch({ ca: selfSigned.cert, timeoutMs: 5000, ...options })(
      `https://127.0.0.1:${port}${path}`,
      known,
      rules,
      signal,
    )
  return { requests, read, port }
}

const reason = async (fetched: Promise<Fetched>) => {
  const found = await fetched
  return found.kind === 'failed' ? found.reason : found.kind
}

t.test('a feed comes with what names its state, and is not sent again while that is the same', async (t) => {
  const { read, requests } = await server(t, (request, response) => {
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end()
    else
      response.writeHead(200, { etag: '"1"', 'last-modified': 'Tue, 03 Mar 2026 09:00:00 GMT' }).end('BEGIN…')
  })
  const first = await read()
  t.same(first, {
    kind: 'text',
    text: 'BEGIN…',
    etag: '"1"',
    lastModified: 'Tue, 03 Mar 2026 09:00:00 GMT',
  })
  t.same(await read('/', first as Known), { kind: 'unchanged' })
  t.equal(requests[1]!.headers['if-modified-since'], 'Tue, 03 Mar 2026 09:00:00 GMT')
  t.equal(requests[0]!.headers['accept-encoding'], 'identity')
})

t.test('redirects: on the same server only, and not for ever', async (t) => {
  const { read, requests } = await server(t, ({ url }, response) => {
    const to: Record<string, string> = {
      '/moved': '/here',
      '/loop': '/loop',
      '/away': 'https://127.0.0.1:1/secret',
      '/plain': 'http://127.0.0.1/',
    }
    const location = to[url ?? '']
    if (url === '/nowhere') response.writeHead(302).end()
    else if (location) response.writeHead(302, { location }).end()
    else response.writeHead(200).end('ok')
  })
  t.match(await read('/moved'), { kind: 'text', text: 'ok' })
  for (const path of ['/away', '/plain', '/nowhere'])
    t.match(await reason(read(path)), /302, a redirect to elsewhere/, path)
  requests.length = 0
  t.match(await reason(read('/loop')), /without end/)
  t.equal(requests.length, 4)
})

t.test('whatever else it answers is a reason', async (t) => {
  const { read, port } = await server(t, ({ url }, response) => {
    if (url === '/large') response.writeHead(200).end(Buffer.alloc(MOST_BYTES + 1, 'a'))
    else if (url === '/cut')
      response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy())
    else if (url === '/slow') response.writeHead(200).write('a')
    else response.writeHead(url === '/500' ? 500 : 404).end()
  })
  t.equal(await reason(read('/500')), 'It answered 500.')
  t.equal(await reason(read('/large')), 'It is larger than 2 MB.')
  t.match(await reason(read('/cut')), /closed before the whole answer came/)
  t.match(await reason(read('/slow', undefined, { timeoutMs: 200 })), /no whole answer within 0.2 s/)
  const untrusting = createFetch()(`https://127.0.0.1:${port}/`, undefined, own, signal)
  t.match(await reason(untrusting), /^TLS: /)
  t.match(await reason(createFetch()('https://127.0.0.1:1/', undefined, own, signal)), /port|refused/)
})

t.test('nothing inside is reached, by address or by name', async (t) => {
  const { read, requests, port } = await server(t, (_, response) => void response.end('secret'))
  t.match(await reason(read('/', undefined, {}, strict)), /an address that no feed may have/)
  for (const addresses of [
    ['127.0.0.1'],
    ['8.8.8.8', '10.0.0.1'],
    ['::ffff:127.0.0.1'],
    ['169.254.169.254'],
  ]) {
    const fetch = createFetch({ resolve: async () => addresses })
    const url = `https://receiver.test:${port}/`
    t.match(await reason(fetch(url, undefined, strict, signal)), /an address that no feed may have/)
  }
  t.match(
    await reason(
      createFetch({ resolve: async () => [] })('https://receiver.test/', undefined, strict, signal),
    ),
    /has no address/,
  )
  t.equal(requests.length, 0)
  const named = createFetch({ ca: selfSigned.cert, resolve: async () => ['127.0.0.1'] })
  t.match(
    await named(`https://receiver.test:${port}/`, undefined, own, signal),
    { text: 'secret' },
    'where it may',
  )
})

t.test('URLs and addresses', async (t) => {
  const bad = `http://a.test/ ftp://a.test/ file:///etc/passwd https://ann:pw@a.test/ https://a.test:25/
    https://2130706433/ https://0x7f.1/ https://127.1/ https://[::1]/ https://[::ffff:127.0.0.1]/ https://169.254.169.254/
    https://localhost/ https://api.localhost./ nonsense`
  t.same(
    bad
      .trim()
      .split(/\s+/)
      .filter((url) => typeof parseTarget(url, strict) !== 'string'),
    [],
  )
  t.match(parseTarget('https://a.test:8443/b?c=d', strict), { host: 'a.test', isAddress: false })
  t.notOk(isAllowedAddress('169.254.169.254', true), 'the metadata of a cloud: never')
  t.notOk(isAllowedAddress('fe80::1%eth0', true))
  t.ok(
    isAllowedAddress('10.0.0.1', true) &&
      !isAllowedAddress('10.0.0.1', false) &&
      isAllowedAddress('2606:4700::1111', false),
  )
})
