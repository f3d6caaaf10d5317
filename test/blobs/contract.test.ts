// What every store of blobs must do: the same on a folder and on an S3-compatible server (s3rver).
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { hashOf, lazyStream, placeOf } from '../../src/blobs/blobs.js'
import { DAY } from '../../src/clock.js'
import { times } from '../support/databases.js'
import { eachStore } from '../support/s3.js'

const bytesOf = (text: string) => Buffer.from(text)

async function all(source: Readable): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of source) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

async function listed<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

const store = (name: string, body: Parameters<typeof eachStore>[2]) =>
  eachStore(t as unknown as Test, name, body)

await store('what was put is read again, whole, as a stream, by its size', async (t, { blobs }) => {
  for (const bytes of [bytesOf(''), bytesOf('one'), Buffer.alloc(3_000_000, 'long')]) {
    const hash = hashOf(bytes)
    await blobs.put(hash, bytes)
    await blobs.put(hash, bytes)
    t.ok((await blobs.read(hash)).equals(bytes))
    t.ok((await all(await blobs.stream(hash))).equals(bytes))
    t.ok((await all(lazyStream(blobs, hash))).equals(bytes))
    t.equal(await blobs.size(hash), bytes.byteLength)
  }
  t.ok(await blobs.check())
})

await store('files are taken over from the spool, also twice and many at once', async (t, { blobs, dir }) => {
  const files = times(30, (i) => {
    const bytes = bytesOf(`mail ${i % 20}`)
    const file = path.join(dir, `spool-${i}`)
    writeFileSync(file, bytes)
    return { hash: hashOf(bytes), path: file }
  })
  await blobs.adopt(files)
  await blobs.adopt(files)
  for (const i of times(20, (i) => i))
    t.same(await blobs.read(hashOf(bytesOf(`mail ${i}`))), bytesOf(`mail ${i}`))
  t.equal((await listed(blobs.upkeep.list())).length, 20)
  const gone = { hash: hashOf(bytesOf('gone')), path: path.join(dir, 'gone') }
  await t.rejects(blobs.adopt([...files, gone]), { code: 'ENOENT' })
})

await store('the same content put by many at the same moment is there once', async (t, { blobs }) => {
  const bytes = Buffer.alloc(100_000, 'x')
  await Promise.all(times(20, () => blobs.put(hashOf(bytes), bytes)))
  t.ok((await blobs.read(hashOf(bytes))).equals(bytes))
  t.match(await listed(blobs.upkeep.list()), [{ hash: hashOf(bytes), size: 100_000 }])
})

await store('what is not there is said at once, before anything is sent', async (t, { blobs }) => {
  const hash = hashOf(bytesOf('never put'))
  for (const ask of [blobs.read, blobs.stream, blobs.size])
    await t.rejects(async () => void (await ask(hash)), { code: 'ENOENT' })
  await t.rejects(all(lazyStream(blobs, hash)), { code: 'ENOENT' })
})

await store('only a hash is a name', async (t, { blobs }) => {
  for (const name of ['', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(64)}/x`, `${'a'.repeat(63)}\n`])
    for (const ask of [
      () => blobs.put(name, bytesOf('x')),
      () => blobs.read(name),
      async () => blobs.stream(name),
      async () => blobs.size(name),
    ])
      await t.rejects(async () => ask(), /not a content hash/)
})

await store('what is damaged can be put anew', async (t, { blobs, tamper }) => {
  const bytes = bytesOf('right')
  await blobs.put(hashOf(bytes), bytes)
  tamper(placeOf(hashOf(bytes)), bytesOf('wrong'))
  await blobs.put(hashOf(bytes), bytes, true)
  t.same(await blobs.read(hashOf(bytes)), bytes)
})

await store('what is in the trash is still read, and comes back, or goes for good', async (t, { blobs }) => {
  const { upkeep } = blobs
  const bytes = bytesOf('garbage?')
  const hash = hashOf(bytes)
  const since = new Date('2026-03-03T09:00:00Z')
  await blobs.put(hash, bytes)
  await upkeep.discard(hash, since)
  t.same(await listed(upkeep.list()), [])
  t.same(await listed(upkeep.listTrash()), [{ hash, since }])
  t.same(await blobs.read(hash), bytes)
  t.same(await all(await blobs.stream(hash)), bytes)
  t.equal(await blobs.size(hash), bytes.byteLength)

  await blobs.put(hash, bytes)
  t.equal((await listed(upkeep.list())).length, 1, 'whoever puts it now does not rely on the trash')
  const later = new Date(since.getTime() + DAY)
  await upkeep.discard(hash, later)
  await upkeep.erase({ hash, since })
  t.same(await listed(upkeep.listTrash()), [{ hash, since: later }], 'each date is one of its own')
  await upkeep.restore({ hash, since: later })
  t.same(await listed(upkeep.listTrash()), [])
  t.match(await listed(upkeep.list()), [{ hash }])

  await upkeep.discard(hash, later)
  await upkeep.erase({ hash, since: later })
  await t.rejects(blobs.read(hash), { code: 'ENOENT' })
  await upkeep.discard(hash, later)
  await upkeep.restore({ hash, since })
  await upkeep.erase({ hash, since })
  await t.rejects(blobs.read(hash), { code: 'ENOENT' }, 'doing it again does no harm')
})
