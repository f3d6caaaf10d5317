// Comparing with the database, moving, and the collector: what it takes away, and what it must never take.
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import type { Blobs, Upkeep } from '../../src/blobs/blobs.js'
import { hashOf, placeOf } from '../../src/blobs/blobs.js'
import { collectBlobs } from '../../src/blobs/collect.js'
import { openFolder } from '../../src/blobs/folder.js'
import { referenced } from '../../src/blobs/references.js'
import { openS3 } from '../../src/blobs/s3.js'
import { checkBlobs, copyBlobs } from '../../src/blobs/upkeep.js'
import { after, DAY, newId } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { eachDatabase, manualClock, testApp } from '../../src/testing/index.js'
import { folder, openDb, times } from '../support/databases.js'
import { mail } from '../support/mails.js'
import { eachStore, QUICK, startS3 } from '../support/s3.js'

const store = (name: string, body: Parameters<typeof eachStore>[2]) =>
  eachStore(t as unknown as Test, name, body)

async function put(blobs: Blobs, text: string): Promise<string> {
  const bytes = Buffer.from(text)
  await blobs.put(hashOf(bytes), bytes)
  return hashOf(bytes)
}

/** A row that refers to it. */
const commit = (db: Db, hash: string) =>
  db.transaction((tx) =>
    tx.insert(tx.t.attachments).values({
      ...{ id: newId(), filename: 'a', contentType: 'text/plain', size: 1, hash, inline: false },
      createdAt: tx.now,
    }),
  )

const forget = (db: Db, hash: string) =>
  db.transaction((tx) => tx.delete(tx.t.attachments).where(eq(tx.t.attachments.hash, hash)))

t.test('every hash that a row holds is known: raw mail, attachments of mail, uploads', (t) =>
  eachDatabase(t, async (t, database) => {
    const app = await testApp(t, { database })
    const intake = await app.mail(WITH_ATTACHMENT)
    const upload = await app.call('POST', '/api/attachments?filename=a', Buffer.from('an upload'))
    t.equal(upload.status, 201)
    const hashes = [String(intake.rawHash), hashOf(Buffer.from('hello\n')), hashOf(Buffer.from('an upload'))]
    t.same([...(await referenced(app.db))].toSorted(), hashes.toSorted())
    for (const _ of times(3, () => 0)) await app.mail(mail({}))
    t.equal((await referenced(app.db)).size, 6)
  }),
)

const WITH_ATTACHMENT = mail({
  headers: { 'MIME-Version': '1.0', 'Content-Type': 'multipart/mixed; boundary=b' },
  text: '--b\r\n\r\nhi\r\n--b\r\nContent-Type: application/octet-stream; name=a.bin\r\nContent-Disposition: attachment; filename=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8K\r\n--b--\r\n',
})

await store(
  'check names what is missing and wrong, and counts what nothing refers to',
  async (t, { blobs, tamper }) => {
    const db = await openDb(t, 'sqlite', manualClock())
    const [good, gone, bad] = ['good', 'gone', 'bad!'].map((text) => hashOf(Buffer.from(text)))
    await put(blobs, 'good')
    await put(blobs, 'bad!')
    await put(blobs, 'garbage')
    for (const hash of [good!, gone!, bad!, good!]) await commit(db, hash)
    await blobs.upkeep.discard(good!, new Date())
    await blobs.upkeep.discard(await put(blobs, 'more garbage'), new Date())
    tamper(placeOf(bad!), Buffer.from('evil'))
    const told: string[] = []
    const found = await checkBlobs(db, blobs, (hash, what) => told.push(`${hash} ${what}`))
    t.same(found, { referenced: 3, missing: 1, wrong: 1, unreferenced: 1, trash: 2 })
    t.same(told.toSorted(), [`${bad} wrong`, `${gone} missing`].toSorted())
  },
)

t.test('a copy goes on where it was, repairs the target, and tells what the source has wrong', async (t) => {
  const s3 = await startS3(t)
  const bucket = openS3(s3.place, QUICK)
  t.teardown(() => bucket.close())
  const source = openFolder(folder(t))
  const hashes: string[] = []
  for (const i of times(20, (n) => n)) hashes.push(await put(source, `blob ${i}`))
  await source.upkeep.discard(hashes[3]!, new Date())
  const told: string[] = []
  const copy = (from: Blobs, to: Blobs) => copyBlobs(from, to, (hash, what) => told.push(`${hash} ${what}`))

  let left = 7
  s3.door = (request) => {
    if (request.method !== 'PUT' || left-- > 0) return false
    request.socket.destroy()
    return true
  }
  await t.rejects(copy(source, bucket), { code: 'blob_unavailable' })
  s3.door = undefined
  const { there, ...rest } = await copy(source, bucket)
  t.ok(there >= 7, `${there} were there`)
  t.same(rest, { copied: 20 - there, wrong: 0, missing: 0 })
  t.same(await copy(source, bucket), { copied: 0, there: 20, wrong: 0, missing: 0 })
  t.same(await bucket.read(hashes[3]!), Buffer.from('blob 3'), 'also what was in the trash')

  s3.tamper(placeOf(hashes[0]!), Buffer.from('broken'))
  t.same(await copy(source, bucket), { copied: 1, there: 19, wrong: 0, missing: 0 })
  t.same(await bucket.read(hashes[0]!), Buffer.from('blob 0'))

  s3.tamper(placeOf(hashes[0]!), Buffer.from('broken'))
  const back = openFolder(folder(t))
  t.same(await copy(bucket, back), { copied: 19, there: 0, wrong: 1, missing: 0 })
  t.same(told, [`${hashes[0]} wrong`])
})

await store('garbage goes into the trash first, and for good after three days', async (t, { blobs }) => {
  const clock = manualClock(new Date())
  const db = await openDb(t, 'sqlite', clock)
  const collect = () => collectBlobs(db, blobs, clock, false)
  for (const text of ['one', 'two', 'three']) await commit(db, await put(blobs, text))
  const garbage = await put(blobs, 'garbage')
  const nothing = { discarded: 0, restored: 0, erased: 0, doubted: 0 }
  t.same(await collect(), nothing, 'what is young may wait for its row')
  clock.advance(2 * DAY + 60_000)
  t.same(await collect(), { ...nothing, discarded: 1 })
  t.same(await collect(), nothing)
  clock.advance(3 * DAY - 1000)
  t.same(await collect(), nothing)
  t.same(await blobs.read(garbage), Buffer.from('garbage'))
  clock.advance(2000)
  t.same(await collect(), { ...nothing, erased: 1 })
  await t.rejects(blobs.read(garbage), { code: 'ENOENT' })
  t.match(await checkBlobs(db, blobs, () => {}), { missing: 0, wrong: 0, unreferenced: 0, trash: 0 })
})

await store('more garbage than half of all is taken for the wrong database', async (t, { blobs }) => {
  const clock = manualClock(after(new Date(), 3 * DAY))
  const db = await openDb(t, 'sqlite', clock)
  const hash = await put(blobs, 'somebody else’s')
  t.match(await collectBlobs(db, blobs, clock, false), { doubted: 1, discarded: 0 })
  t.match(await collectBlobs(db, blobs, clock, true), { doubted: 0, discarded: 1 })
  t.ok(await blobs.read(hash), 'and even then it can be undone for three days')
})

/** The same store, with something that happens in front of its n-th step of upkeep. */
function interrupted(blobs: Blobs, n: number, happen: () => Promise<void>) {
  let step = 0
  const before = async () => {
    if (++step === n) await happen()
  }
  const { upkeep } = blobs
  async function* around<T>(items: AsyncIterable<T>) {
    await before()
    yield* items
    await before()
  }
  const wrapped: Upkeep = {
    list: () => around(upkeep.list()),
    listTrash: () => around(upkeep.listTrash()),
    discard: (hash, at) => before().then(() => upkeep.discard(hash, at)),
    restore: (trash) => before().then(() => upkeep.restore(trash)),
    erase: (trash) => before().then(() => upkeep.erase(trash)),
  }
  return { blobs: { ...blobs, upkeep: wrapped }, hit: () => step >= n }
}

await store(
  'content that comes again at any moment of a collection is never lost',
  async (t, { blobs, remote }) => {
    const clock = manualClock(after(new Date(), 3 * DAY))
    const db = await openDb(t, 'sqlite', clock)
    // Ways to be garbage when it comes again: never thrown away, just thrown away, ripe to be erased, both at once.
    // Every request to a server takes its time: there each second step, once from either end.
    for (const state of ['old', 'fresh trash', 'ripe trash', 'ripe trash and old'] as const)
      for (const inside of [true, false])
        for (let n = inside ? 1 : 2, hit = true; hit && n < 30; n += remote ? 2 : 1) {
          const text = `${state} ${inside} ${n}`
          const hash = await put(blobs, text)
          if (state !== 'old')
            await blobs.upkeep.discard(hash, after(clock.now(), state === 'fresh trash' ? -DAY : -4 * DAY))
          if (state === 'ripe trash and old') await put(blobs, text)
          const again = async () => {
            await put(blobs, text)
            if (inside) await commit(db, hash)
          }
          const one = interrupted(blobs, n, again)
          await collectBlobs(db, one.blobs, clock, true)
          hit = one.hit()
          if (!hit) continue
          // The row of one that came in the middle may be committed after further runs, but within two days.
          await collectBlobs(db, blobs, clock, true)
          clock.advance(2 * DAY - 1000)
          await collectBlobs(db, blobs, clock, true)
          if (!inside) await commit(db, hash)
          for (const _ of times(3, () => 0)) {
            t.same(await blobs.read(hash), Buffer.from(text), text)
            clock.advance(4 * DAY)
            await collectBlobs(db, blobs, clock, true)
          }
          t.same(await blobs.read(hash), Buffer.from(text), text)
          await forget(db, hash)
        }
    clock.advance(4 * DAY)
    await collectBlobs(db, blobs, clock, true)
    clock.advance(4 * DAY)
    await collectBlobs(db, blobs, clock, true)
    t.match(
      await checkBlobs(db, blobs, () => {}),
      { referenced: 0, unreferenced: 0, trash: 0 },
      'nothing is left',
    )
  },
)

await store('a collector that stops half-way, or two at once, lose nothing', async (t, { blobs }) => {
  const clock = manualClock(after(new Date(), 3 * DAY))
  const db = await openDb(t, 'sqlite', clock)
  const kept = await put(blobs, 'kept')
  await commit(db, kept)
  for (let n = 1, hit = true; hit && n < 30; n++) {
    const garbage = [await put(blobs, `a ${n}`), await put(blobs, `b ${n}`)]
    await blobs.upkeep.discard(garbage[0]!, after(clock.now(), -4 * DAY))
    await blobs.upkeep.discard(kept, after(clock.now(), -4 * DAY))
    const stop = interrupted(blobs, n, () => Promise.reject(new Error('stopped')))
    await collectBlobs(db, stop.blobs, clock, true).catch(() => {})
    hit = stop.hit()
    // s3rver answers 500 where one deletes what another lists; then that collector stops, as above.
    await Promise.allSettled(times(2, () => collectBlobs(db, blobs, clock, true)))
    await collectBlobs(db, blobs, clock, true)
    t.same(await blobs.read(kept), Buffer.from('kept'))
  }
  t.match(await checkBlobs(db, blobs, () => {}), { missing: 0, wrong: 0 })
})

t.test('content that comes between the two halves of a move in a bucket is not lost', async (t) => {
  const s3 = await startS3(t)
  const blobs = openS3(s3.place, QUICK)
  t.teardown(() => blobs.close())
  const clock = manualClock(after(new Date(), 3 * DAY))
  const db = await openDb(t, 'sqlite', clock)
  const hash = await put(blobs, 'again')
  let between = 0
  s3.door = (request, _response, next) => {
    if (request.method !== 'DELETE' || between++ > 0) return false
    // It is copied already and still there: whoever puts it now sees it.
    void put(blobs, 'again').then(next)
    return true
  }
  t.match(await collectBlobs(db, blobs, clock, true), { discarded: 1 })
  t.equal(between, 1)
  clock.advance(2 * DAY - 1000)
  t.same(await blobs.read(hash), Buffer.from('again'))
  await commit(db, hash)
  for (const _ of times(2, () => 0)) {
    clock.advance(4 * DAY)
    await collectBlobs(db, blobs, clock, true)
    t.same(await blobs.read(hash), Buffer.from('again'))
  }
})
