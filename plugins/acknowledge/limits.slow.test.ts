// Loops and mail bombs end: the limits hold in the database, for one address and for the whole desk.
import { sql } from 'drizzle-orm'
import { defineEvent, definePlugin, ticketCreated } from 'frontdesk/plugin'
import { type TestApp, testApp } from 'frontdesk/testing'
import t from 'tap'
import Type from 'typebox'
import acknowledge from './index.js'
import { answers, desk, mail, onBoth, outcome, prune } from './test-kit.js'

const HOUR = 3_600_000

/** A desk that answers whatever comes, and marks nothing. @returns how many answers of ours it got. */
async function pingPong(app: TestApp, answer: (turn: number, subject: string) => string, between = 0) {
  await app.mail(answer(0, 'Hello'))
  for (let turn = 1; turn <= 12; turn++) {
    if (app.outbox.length < turn) break
    app.clock.advance(between)
    await app.mail(answer(turn, app.outbox[turn - 1]!.subject))
  }
  return app.outbox.length
}
/** The clock stands in the header, too: the mails are never old. */
const other = (app: TestApp, from: string, subject: string, turn: number) =>
  mail({ from, subject, text: `Turn ${turn}`, date: app.clock.now().toUTCString() })

t.test('two desks that answer each other stop within three exchanges', async (t) => {
  const app = await desk(t)
  const answer = (turn: number) => other(app, 'help@other.example', `We got it (${turn})`, turn)
  t.equal(await pingPong(app, answer), 3)
  t.equal((await answers(app))[0]!.reason, 'address-limit')
})

t.test('so they do when each takes its time', async (t) => {
  const app = await desk(t)
  const answer = (turn: number) => other(app, 'help@other.example', `We got it (${turn})`, turn)
  t.equal(await pingPong(app, answer, 5 * HOUR), 3)
  t.equal((await answers(app))[0]!.reason, 'unanswered-limit')
})

t.test('so they do when the other writes each time from another +tag', async (t) => {
  const app = await desk(t)
  const answer = (turn: number) => other(app, `help+id${turn}@other.example`, `We got it (${turn})`, turn)
  t.equal(await pingPong(app, answer), 3)
})

t.test('a desk that repeats our subject from ever new addresses is found out at once', async (t) => {
  const app = await desk(t)
  const answer = (turn: number, subject: string) =>
    other(app, `case-${turn}@other.example`, `[#${turn + 70}] ${subject}`, turn)
  t.equal(await pingPong(app, answer), 1)
  t.equal((await answers(app))[0]!.reason, 'answers-us')
})

t.test('an address gets so many in an hour and then one more each time its bucket has refilled', (t) =>
  onBoth(t, async (t, database) => {
    const app = await desk(t, { unanswered: 20, perAddress: 2 }, database)
    const next = () => outcome(app, other(app, 'Ann <ann@guest.example>', 'Cold', Math.random()))
    const several = async (times: number) => {
      const found: string[] = []
      for (let i = 0; i < times; i++) found.push(await next())
      return found
    }
    t.same(await several(3), ['sent', 'sent', 'address-limit'])
    t.equal(await outcome(app, mail({ from: 'bob@guest.example' })), 'sent', 'others have their own')
    app.clock.advance(HOUR / 2)
    t.same(await several(2), ['sent', 'address-limit'])
    app.clock.advance(10 * HOUR)
    t.same(await several(3), ['sent', 'sent', 'address-limit'], 'it never holds more than two')
    t.equal(app.outbox.length, 6)
  }),
)

t.test('a person who answers gives the address its acknowledgements back', async (t) => {
  const app = await desk(t, { unanswered: 2, perAddress: 20 })
  const next = () => outcome(app, mail({ text: `${Math.random()}` }))
  t.same([await next(), await next(), await next()], ['sent', 'sent', 'unanswered-limit'])
  const [, last] = await answers(app)
  await app.call('POST', `/api/tickets/${last!.ticketId}/replies`, { text: 'We are on our way.' })
  t.equal(await next(), 'sent')
})

t.test('the ceiling of the desk holds under a mail bomb, and administrators hear of it', async (t) => {
  const app = await desk(t, { perDesk: 2 })
  const writes = (name: string) => outcome(app, mail({ from: `${name}@guest.example` }))
  const notices = async () => (await app.call('GET', '/api/notices')).body.items
  t.same([await writes('a'), await writes('b'), await writes('c')], ['sent', 'sent', 'desk-limit'])
  t.equal(app.outbox.length, 2)
  t.match(await notices(), [{ plugin: 'acknowledge', key: 'ceiling', level: 'warning' }])
  app.clock.advance(HOUR / 2)
  t.equal(await writes('d'), 'sent')
  await prune(app)
  t.same(await notices(), [])
})

t.test('the list is pruned, and nobody is answered again for it', (t) =>
  onBoth(t, async (t, database) => {
    const app = await desk(t, { keepDays: 8 }, database)
    const { ticketId } = await app.mail(mail())
    await prune(app)
    t.equal((await answers(app)).length, 1)
    app.clock.advance(9 * 24 * HOUR)
    await prune(app)
    t.same(await answers(app), [])
    const rows = await app.db.rows<{ n: number }>(sql`select count(*) as n from acknowledge_buckets`)
    t.equal(Number(rows[0]!.n), 0)
    await app.db.transaction((tx) => app.desk.hooks.emit(tx, ticketCreated, { ticketId: ticketId! }))
    await app.runJobs({ twice: true })
    t.equal(app.outbox.length, 1)
  }),
)

t.test('other plugins hear of each acknowledgement once it is queued', async (t) => {
  const heard: unknown[] = []
  const sent = defineEvent(
    'acknowledge.sent',
    Type.Object({ ticketId: Type.String(), messageId: Type.String(), language: Type.String() }),
  )
  const ear = definePlugin({
    name: 'ear',
    version: '1.0.0',
    api: '^1.0.0',
    after: ['acknowledge'],
    setup(app) {
      app.on(sent, 'hear', async (payload) => void heard.push(payload))
    },
  })
  const app = await testApp(t, { plugins: [acknowledge, ear] })
  const { ticketId } = await app.mail(mail())
  await app.mail(mail({ from: 'no-reply@guest.example' }))
  t.same(heard, [{ ticketId, messageId: app.outbox[0]!.id, language: 'en' }])
})
