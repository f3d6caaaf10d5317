// The store of raw mail and attachments goes away and comes back (s3rver): no mail is lost or doubled, requests are told.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { hashOf } from '../../src/blobs/blobs.js'
import { MINUTE, SECOND } from '../../src/clock.js'
import { type TestApp, type TestAppOptions, testApp } from '../../src/testing/index.js'
import { times } from '../support/databases.js'
import { mail } from '../support/mails.js'
import { startS3 } from '../support/s3.js'

async function deskOnS3(t: Test, options: TestAppOptions = {}) {
  const s3 = await startS3(t)
  const app = await testApp(t, { ...options, env: { BLOBS_URL: s3.url } })
  const waiting = () => readdirSync(path.join(app.dir, 'spool', 'new')).length
  return { s3, app, waiting }
}

const ready = async (app: TestApp) => {
  app.clock.advance(6 * SECOND)
  return app.call('GET', '/api/health/ready')
}

t.test(
  'mail that comes while the store is away waits in the spool, and is taken once when it is back',
  async (t) => {
    const { s3, app, waiting } = await deskOnS3(t)
    const raws = times(70, (i) => Buffer.from(mail({ subject: `number ${i}` })))
    const arrive = (some: Buffer[]) => Promise.all(some.map((raw) => app.spool.put(raw, app.inbox.address)))
    await arrive(raws.slice(0, 5))
    t.equal(await app.spooler.drain(), 5)
    await s3.stop()
    await arrive(raws.slice(5))
    t.equal(await app.spooler.drain(), 0)
    t.equal(await app.spooler.drain(), 0)
    t.equal(waiting(), 65)
    const { intakes } = app.db.t
    t.equal((await app.db.select().from(intakes)).length, 5, 'what is not safe has no row')

    // What was taken before needs its raw mail: it waits without using up its tries.
    for (let turn = 0; turn < 8; turn++) {
      await app.runJobs()
      app.clock.advance(MINUTE)
    }
    t.same(new Set((await app.db.select().from(intakes)).map(({ state }) => state)), new Set(['received']))

    await s3.start()
    t.equal(await app.spooler.drain(), 65)
    t.equal(waiting(), 0)
    app.clock.advance(MINUTE)
    await app.runJobs({ twice: true })
    const rows = await app.db.select().from(intakes)
    t.same(new Set(rows.map(({ state }) => state)), new Set(['opened']))
    t.same(rows.map(({ rawHash }) => rawHash).toSorted(), raws.map(hashOf).toSorted(), 'each exactly once')
    const { messages } = app.db.t
    t.equal((await app.db.select().from(messages)).length, 70)
    const raw = await app.call('GET', `/api/intakes/${rows[69]!.id}/raw`)
    t.equal(raw.status, 200)
    t.ok(raws.some((one) => one.toString() === raw.body))
  },
)

t.test('one file that the store refuses does not hold back the others', async (t) => {
  const { s3, app, waiting } = await deskOnS3(t)
  const raws = times(4, (i) => Buffer.from(mail({ subject: `number ${i}` })))
  for (const raw of raws) await app.spool.put(raw, app.inbox.address)
  s3.door = (request, response) => {
    if (!request.url!.includes(hashOf(raws[1]!))) return false
    request.resume()
    response.writeHead(403).end()
    return true
  }
  t.equal(await app.spooler.drain(), 3)
  t.equal(waiting(), 1)
  s3.door = undefined
  t.equal(await app.spooler.drain(), 1)
})

t.test('requests: 503 and nothing stored, and health says why', async (t) => {
  const sent: string[] = []
  const { s3, app } = await deskOnS3(t, {
    async send(message) {
      for (const { content } of message.attachments) {
        let text = ''
        for await (const piece of content()) text += String(piece)
        sent.push(text)
      }
      return { kind: 'sent', refused: [], providerId: null }
    },
  })
  const upload = (text: string) =>
    app.call('POST', '/api/attachments?filename=plan.txt&contentType=text/plain', Buffer.from(text))
  t.match((await ready(app)).body.checks.blobs, { ok: true, detail: 'the bucket answers' })
  const { id } = (await upload('the plan')).body
  const there = await app.call('GET', `/api/attachments/${id}`)
  t.match(there, { status: 200, body: 'the plan', headers: { 'content-type': /text\/plain/ } })
  const { ticketId } = await app.mail(mail({ subject: 'before' }))
  const reply = await app.call('POST', `/api/tickets/${ticketId}/replies`, {
    text: 'Here',
    attachments: [id],
  })
  t.equal(reply.status, 201)

  await s3.stop()
  const health = await ready(app)
  t.equal(health.status, 503)
  t.match(health.body.checks.blobs, { ok: false, detail: /ECONNREFUSED|ECONNRESET/ })
  const refused = await upload('another')
  t.match(refused, { status: 503, body: { code: 'blob_unavailable' }, headers: { 'retry-after': '10' } })
  t.equal((await app.db.select().from(app.db.t.attachments)).length, 1)
  const away = await app.call('GET', `/api/attachments/${id}`)
  t.match(away, { status: 503, body: { code: 'blob_unavailable' } })
  t.notOk(away.headers['content-disposition'], 'nothing of the file is in the answer')
  app.clock.advance(MINUTE)
  await app.runJobs()
  const { messages } = app.db.t
  const stored = await app.db.select().from(messages)
  t.equal(stored.find((message) => message.id === reply.body.id)?.delivery, 'queued', 'the reply waits')

  await s3.start()
  t.match(await ready(app), { status: 200 })
  app.clock.advance(30 * MINUTE)
  await app.runJobs()
  t.same(sent, ['the plan'])
})

t.test('a blob that is gone or damaged is a fault of ours, and not taken for an outage', async (t) => {
  const { s3, app } = await deskOnS3(t)
  const { id } = (await app.call('POST', '/api/attachments?filename=a', Buffer.from('gone'))).body
  await app.db.transaction((tx) => tx.update(tx.t.attachments).set({ hash: hashOf(Buffer.from('never')) }))
  t.match(await app.call('GET', `/api/attachments/${id}`), { status: 500, body: { code: 'internal' } })
  await s3.stop()
})
