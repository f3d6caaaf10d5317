// What an S3-compatible server can do to us: fail for a while, cut, be slow, lie, be away. Tested with s3rver.
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { hashOf, placeOf } from '../../src/blobs/blobs.js'
import { openS3 } from '../../src/blobs/s3.js'
import { times } from '../support/databases.js'
import { QUICK, startS3, type TestS3 } from '../support/s3.js'

const bytes = Buffer.alloc(400_000, 'piece of mail ')
const hash = hashOf(bytes)

async function open(t: Parameters<typeof startS3>[0]) {
  const s3 = await startS3(t)
  const blobs = openS3(s3.place, QUICK)
  t.teardown(() => blobs.close())
  return { s3, blobs }
}

/** The first `count` requests of this kind are answered like this. */
function failFirst(s3: TestS3, method: string, count: number, act: NonNullable<TestS3['door']>) {
  let left = count
  s3.door = (request, response) => request.method === method && left-- > 0 && act(request, response, () => {})
}

const answer =
  (status: number, code: string): NonNullable<TestS3['door']> =>
  (request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': 'application/xml' })
    response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`)
    return true
  }

const cut: NonNullable<TestS3['door']> = (request) => {
  request.socket.destroy()
  return true
}

async function outcome(source: Readable): Promise<{ got: number; error: { code?: string } | undefined }> {
  let got = 0
  try {
    for await (const piece of source) got += (piece as Buffer).length
  } catch (error) {
    return { got, error: error as { code?: string } }
  }
  return { got, error: undefined }
}

const unavailable = { name: 'DeskError', code: 'blob_unavailable', status: 503 }

t.test(
  'a server that fails twice is asked a third time; one that goes on failing is told as away',
  async (t) => {
    for (const [status, code] of [
      [500, 'InternalError'],
      [503, 'SlowDown'],
    ] as const) {
      const { s3, blobs } = await open(t)
      failFirst(s3, 'PUT', 2, answer(status, code))
      await blobs.put(hash, bytes)
      t.equal(s3.requests.filter((line) => line.startsWith('PUT')).length, 3)
      failFirst(s3, 'GET', 2, answer(status, code))
      t.ok((await blobs.read(hash)).equals(bytes))
      failFirst(s3, 'GET', 99, answer(status, code))
      await t.rejects(blobs.read(hash), unavailable)
      await t.rejects(blobs.stream(hash), unavailable)
      await t.rejects(blobs.check(), unavailable)
      failFirst(s3, 'PUT', 99, answer(status, code))
      await t.rejects(blobs.put(hashOf(Buffer.from('other')), Buffer.from('other')), unavailable)
    }
  },
)

t.test('an upload whose connection is cut is sent again; what is there is not sent at all', async (t) => {
  const { s3, blobs } = await open(t)
  failFirst(s3, 'PUT', 2, cut)
  await blobs.put(hash, bytes)
  s3.requests.length = 0
  await blobs.put(hash, bytes)
  t.match(s3.requests, [/^HEAD /])
  t.equal(s3.requests.length, 1)
})

/** An answer that promises all and breaks off half-way. */
const half: NonNullable<TestS3['door']> = (_, response) => {
  response.writeHead(200, { 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
  return true
}

/** The same without a length: to HTTP it looks whole. */
const short: NonNullable<TestS3['door']> = (_, response) => {
  response.writeHead(200)
  response.end(bytes.subarray(0, bytes.length / 2))
  return true
}

const stuck: NonNullable<TestS3['door']> = (_, response) => {
  response.writeHead(200, { 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length / 2))
  return true
}

t.test(
  'a download that breaks off, is short or stands still is begun anew where that is still possible',
  async (t) => {
    for (const [name, fault] of Object.entries({ half, short, stuck })) {
      const { s3, blobs } = await open(t)
      await blobs.put(hash, bytes)
      failFirst(s3, 'GET', 2, fault)
      t.ok((await blobs.read(hash)).equals(bytes), `${name}: read`)
      failFirst(s3, 'GET', 1, fault)
      const { got, error } = await outcome(await blobs.stream(hash))
      t.ok(error, `${name}: the stream ends with an error`)
      t.ok(got < bytes.length, `${name}: and is not whole`)
    }
  },
)

t.test('wrong content is never handed out as whole', async (t) => {
  const { s3, blobs } = await open(t)
  await blobs.put(hash, bytes)
  const wrong = Buffer.from(bytes)
  wrong[7] = 0
  s3.tamper(placeOf(hash), wrong)
  await t.rejects(blobs.read(hash), { code: 'EBADMSG' })
  const { got, error } = await outcome(await blobs.stream(hash))
  t.match(error, { code: 'EBADMSG' })
  t.ok(got < bytes.length)
})

t.test('a server that says yes to an upload and keeps something else is not believed', async (t) => {
  const { s3, blobs } = await open(t)
  failFirst(s3, 'PUT', 1, (request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(200, { etag: `"${'0'.repeat(32)}"` }).end())
    return true
  })
  await t.rejects(blobs.put(hash, bytes), unavailable)
  s3.tamper(placeOf(hash), Buffer.alloc(bytes.length))
  await blobs.put(hash, bytes)
  t.ok((await blobs.read(hash)).equals(bytes), 'what has the right size only is written over')
})

t.test('the SHA-256 is sent with every upload, and believed when the server knows it', async (t) => {
  const { s3, blobs } = await open(t)
  const sent: unknown[] = []
  s3.door = (request, response) => {
    sent.push(request.headers['x-amz-checksum-sha256'])
    if (request.method === 'HEAD') response.writeHead(404).end()
    else request.resume().on('end', () => response.writeHead(200, { 'x-amz-checksum-sha256': sum }).end())
    return true
  }
  const sum = createHash('sha256').update(bytes).digest('base64')
  await blobs.put(hash, bytes)
  t.same(sent, [undefined, sum])
})

t.test('a server that is slow or silent is given up after its time', async (t) => {
  const { s3, blobs } = await open(t)
  s3.door = () => true
  const begun = Date.now()
  await t.rejects(blobs.read(hash), unavailable)
  await t.rejects(blobs.check(), unavailable)
  t.ok(Date.now() - begun < 25_000)
  s3.door = (_request, _response, next) => {
    void pause(200).then(next)
    return true
  }
  await t.rejects(blobs.read(hash), { code: 'ENOENT' }, 'slow within its time is an answer')
})

t.test(
  'a bucket that is not there, a wrong key, a server that is away: told by name, without secrets',
  async (t) => {
    const { s3, blobs } = await open(t)
    const elsewhere = openS3({ ...s3.place, bucket: 'nowhere-at-all' }, QUICK)
    const stranger = openS3(
      { ...s3.place, credentials: { accessKeyId: 'PLANTED', secretAccessKey: 'planted-secret' } },
      QUICK,
    )
    t.teardown(() => {
      elsewhere.close()
      stranger.close()
    })
    await t.rejects(elsewhere.check(), /NoSuchBucket/)
    await t.rejects(elsewhere.read(hash), unavailable, 'not the same as a blob that is missing')
    await t.rejects(elsewhere.put(hash, bytes), unavailable)
    const refused = await stranger.check().then(
      () => undefined,
      (error: Error) => error,
    )
    t.match(refused?.message, /InvalidAccessKeyId/)
    t.notMatch(JSON.stringify({ ...refused, stack: refused?.stack }), /planted|PLANTED/)
    await s3.stop()
    await t.rejects(blobs.check(), /ECONNREFUSED|ECONNRESET/)
    await t.rejects(blobs.put(hash, bytes), unavailable)
    await s3.start()
    await blobs.put(hash, bytes)
    t.ok((await blobs.read(hash)).equals(bytes), 'and goes on when it is back')
  },
)

t.test('a stream that nobody reads, or that is left in the middle, gives its socket back', async (t) => {
  const s3 = await startS3(t)
  const blobs = openS3(s3.place, { ...QUICK, sockets: 2 })
  t.teardown(() => blobs.close())
  const long = Buffer.alloc(5_000_000, 'x')
  await blobs.put(hashOf(long), long)
  for (const _ of times(5, () => 0)) {
    const unread = await blobs.stream(hashOf(long))
    unread.destroy()
    const left = await blobs.stream(hashOf(long))
    for await (const _piece of left) break
  }
  t.ok((await blobs.read(hashOf(long))).equals(long))
})

t.test('files of a batch are sent side by side, but not more than allowed', async (t) => {
  const { s3, blobs } = await open(t)
  let now = 0
  let most = 0
  s3.door = (request, response) => {
    most = Math.max(most, ++now)
    response.on('close', () => now--)
    void pause(10).then(() => answer(404, 'NoSuchKey')(request, response, () => {}))
    return true
  }
  const file = `${import.meta.dirname}/s3.slow.test.js`
  await t.rejects(blobs.adopt(times(40, (i) => ({ hash: hashOf(Buffer.from([i])), path: file }))))
  t.ok(most > 1 && most <= 8, `${most} at once`)
})

// s3rver itself cannot go on with a list on a Node without DES.
t.test('a long list is read page by page, and what is not ours in it is passed over', async (t) => {
  const { s3, blobs } = await open(t)
  const hashes = times(5, (i) => hashOf(Buffer.from([i])))
  const keys = [
    ...hashes.map(placeOf),
    'other.txt',
    `zz/${hashes[0]}`,
    `trash/${hashes[0]}.17`,
    placeOf(hash),
  ]
  s3.door = (request, response) => {
    const from = Number(new URL(request.url!, 'http://x').searchParams.get('continuation-token') ?? 0)
    const contents = keys
      .slice(from, from + 2)
      .map(
        (key) =>
          `<Contents><Key>one/desk/${key}</Key><Size>1</Size><LastModified>2026-03-03T09:00:00.000Z</LastModified></Contents>`,
      )
    const more = from + 2 < keys.length
    const next = more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : ''
    response.writeHead(200, { 'content-type': 'application/xml' })
    response.end(
      `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    )
    return true
  }
  const found: string[] = []
  for await (const entry of blobs.upkeep.list()) found.push(entry.hash)
  t.same(found, [...hashes, hash])
})
