// The real server while Redis is away or frozen: mail and REST work, health says what is wrong, and it ends when it is
// told to.
import { execFile } from 'node:child_process'
import path from 'node:path'
import t, { type Test } from 'tap'
import { prepare } from '../../src/app/database.js'
import { ROOT } from '../../src/app/root.js'
import { MINUTE, SECOND, systemClock } from '../../src/clock.js'
import { openSqlite } from '../../src/db/sqlite.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder, until } from '../support/databases.js'
import { INBOX } from '../support/intake.js'
import { mail } from '../support/mails.js'
import { noRedis, ownRedis } from '../support/redis.js'
import { serve } from '../support/server.js'

t.setTimeout(5 * MINUTE)

t.test('with Redis away at the start', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t, { start: false })
  await works(t, redis.url)
})

t.test('with Redis frozen in the middle', { skip: noRedis }, async (t) => {
  const redis = await ownRedis(t)
  await works(t, redis.url, () => redis.kill('SIGSTOP'))
  await redis.kill('SIGCONT')
})

async function works(t: Test, url: string, harm?: () => Promise<void>) {
  const dir = path.join(folder(t), 'data')
  const env = {
    ...process.env,
    ...{ FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'error', REDIS_URL: url },
  }
  const server = serve(t, env)
  const address = /listens on (\S+)/.exec(await server.up)![1]!
  const db = await prepare(openSqlite({ file: path.join(dir, 'frontdesk.db'), clock: systemClock }))
  await db.transaction((tx) => createInbox(tx, { address: INBOX }))
  await harm?.()

  const piped = execFile(path.join(ROOT, 'bin', 'frontdesk-pipe'), ['--inbox', INBOX], { env })
  piped.stdin!.end(
    mail({
      subject: 'while it is away',
      from: 'Ann <ann@guest.example>',
      id: '1@guest.example',
      text: 'Hello',
    }),
  )
  const tickets = () => db.select().from(db.t.tickets)
  t.ok(await until(async () => (await tickets()).length === 1, MINUTE), 'a mail becomes a ticket')
  const health = async () => {
    const from = Date.now()
    const response = await fetch(`${address}/api/health/ready`)
    t.ok(Date.now() - from < 5 * SECOND, 'health does not wait for it')
    return { status: response.status, body: (await response.json()) as { checks: Record<string, unknown> } }
  }
  t.match(await health(), {
    status: 200,
    body: { ok: true, checks: { redis: { ok: false, detail: /away/ } } },
  })
  await db.close()
  const from = Date.now()
  t.equal(await server.end('SIGTERM'), 0)
  t.ok(Date.now() - from < 20 * SECOND, `it ended after ${Date.now() - from} ms`)
}
