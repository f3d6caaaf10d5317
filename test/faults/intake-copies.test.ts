// The same mail again, in parts, to many, at once; a mail that cannot be processed; a restart in the middle.
import { eq } from 'drizzle-orm'
import t from 'tap'
import { normalise } from '../../src/intake/mime/normalise.js'
import { replay } from '../../src/intake/process.js'
import { processIntake } from '../../src/intake/tokens.js'
import { claim } from '../../src/jobs/claim.js'
import { retryDead } from '../../src/jobs/recover.js'
import { schedule } from '../../src/jobs/schedule.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder, gate, pause, times } from '../support/databases.js'
import { INBOX, openIntake } from '../support/intake.js'
import { mail } from '../support/mails.js'

const poisoned = async (raw: Uint8Array) => {
  if (Buffer.from(raw).includes('poison')) throw new Error('the parser broke on it')
  return normalise(raw)
}

t.test(
  'a mail that cannot be processed ends as failed, visibly, and what is behind it moves on',
  async (t) => {
    let broken = true
    const desk = await openIntake(t, folder(t), { parse: (raw) => (broken ? poisoned(raw) : normalise(raw)) })
    for (const subject of ['before', 'poison', 'behind'])
      await desk.spool.put(Buffer.from(mail({ subject })), INBOX)
    await desk.spooler.drain()
    await desk.engine.runDue()
    t.same(
      (await desk.messages()).map(({ subject }) => subject),
      ['before', 'behind'],
    )
    await desk.goOn()
    const [bad] = (await desk.intakes()).filter(({ subject }) => subject === 'poison')
    t.match(bad, { state: 'failed', reason: 'the parser broke on it', sender: 'ann@guest.example' })
    t.match(await desk.db.select().from(desk.db.t.jobs), [
      { state: 'dead', attempts: processIntake.attempts },
    ])
    broken = false
    await desk.goOn()
    t.equal((await desk.messages()).length, 2, 'nobody asked for it yet')
    await desk.db.transaction((tx) => replay(tx, bad!.id))
    await t.rejects(
      desk.db.transaction((tx) => replay(tx, bad!.id)),
      { code: 'wrong_state' },
    )
    await desk.goOn()
    t.same(
      (await desk.messages()).map(({ subject }) => subject),
      ['before', 'behind', 'poison'],
    )
    t.match(
      (await desk.intakes()).find(({ id }) => id === bad!.id),
      { state: 'opened', reason: null },
    )
  },
)

t.test('a failed mail whose job a person gives its tries back is processed', async (t) => {
  let broken = true
  const desk = await openIntake(t, folder(t), { parse: (raw) => (broken ? poisoned(raw) : normalise(raw)) })
  await desk.receive(Buffer.from(mail({ subject: 'poison' })))
  await desk.goOn()
  broken = false
  await desk.db.transaction(async (tx) => retryDead(tx, (await tx.select().from(tx.t.jobs))[0]!.id))
  await desk.goOn()
  t.match(await desk.intakes(), [{ state: 'opened', reason: null }])
  t.equal((await desk.messages()).length, 1)
})

t.test('a hundred copies at once are one message', async (t) => {
  const desk = await openIntake(t, folder(t))
  const raw = mail()
  await Promise.all(
    times(100, (i) =>
      desk.receive(Buffer.from(`Received: from relay-${i}.example by us\r\nDelivered-To: u${i}\r\n${raw}`)),
    ),
  )
  await desk.goOn()
  t.match(await desk.intakes(), [{ state: 'opened', copies: 100 }])
  t.equal((await desk.messages()).length, 1)
})

const whole = Buffer.from(mail({ id: 'torso@guest.example', text: 'one\r\ntwo\r\nthree' }))
const torso = whole.subarray(0, whole.length - 9)

for (const together of [false, true])
  for (const [order, first, second] of [
    ['a torso, then the whole', torso, whole],
    ['the whole, then a torso', whole, torso],
  ] as const)
    t.test(`${order}${together ? ', at once' : ''}: one message, the whole one`, async (t) => {
      const desk = await openIntake(t, folder(t))
      await desk.receive(first)
      if (!together) await desk.engine.runDue()
      await desk.receive(second)
      await desk.goOn()
      const messages = await desk.messages()
      t.equal(messages.length, 1)
      t.equal(messages[0]!.text.trim().replaceAll('\r', ''), 'one\ntwo\nthree')
      t.equal((await desk.db.select().from(desk.db.t.tickets)).length, 1)
      t.same((await desk.intakes()).map(({ state }) => state).sort(), ['duplicate', 'opened'])
      const [kept] = (await desk.intakes()).filter(({ state }) => state === 'opened')
      t.same(await desk.blobs.read(kept!.rawHash), whole)
    })

t.test(
  'a mail to two inboxes of a group is one ticket, seen from both; to another group, another',
  async (t) => {
    const desk = await openIntake(t, folder(t))
    const [sales, apart] = await desk.db.transaction(async (tx) => [
      await createInbox(tx, { address: 'sales@desk.example' }),
      await createInbox(tx, { address: 'apart@desk.example', group: 'apart' }),
    ])
    const raw = Buffer.from(mail())
    for (const address of [INBOX, 'Sales@desk.example', 'apart@desk.example'])
      await desk.receive(raw, address)
    await desk.goOn()
    const { tickets, ticketInboxes } = desk.db.t
    const rows = await desk.db.select().from(tickets).orderBy(tickets.number)
    t.equal(rows.length, 2)
    t.equal(rows[1]!.inboxId, apart!.id)
    t.same(await desk.db.select().from(ticketInboxes), [{ ticketId: rows[0]!.id, inboxId: sales!.id }])
    t.same(
      (await desk.intakes()).map(({ state }) => state),
      ['opened', 'duplicate', 'opened'],
    )
  },
)

t.test(
  'two jobs on the way to one mail, the first of them given up as too slow, make one message',
  async (t) => {
    const held = gate()
    let parsing = 0
    const desk = await openIntake(t, folder(t), {
      async parse(raw) {
        if (++parsing === 1) await held.passed
        return normalise(raw)
      },
    })
    const { intakeId } = (await desk.receive(Buffer.from(mail())))[0]!
    await desk.db.transaction((tx) => schedule(tx, processIntake, { intakeId, keys: [] }))
    const running = desk.engine.runDue()
    while ((await desk.messages()).length === 0) await pause(2)
    held.open()
    await running
    await desk.goOn()
    t.equal((await desk.messages()).length, 1)
    t.equal((await desk.db.select().from(desk.db.t.tickets)).length, 1)
    t.match(await desk.intakes(), [{ state: 'opened' }])
    t.same(await desk.db.select().from(desk.db.t.jobs), [])
  },
)

t.test('a server that ends after it has begun goes on at its next start', async (t) => {
  const dir = folder(t)
  const before = await openIntake(t, dir)
  for (const subject of ['one', 'two', 'three']) await before.spool.put(Buffer.from(mail({ subject })), INBOX)
  await before.spooler.drain()
  t.equal((await claim(before.db, before.handlers, { room: () => 10, most: 10 })).length, 3)
  await before.spool.put(Buffer.from(mail({ subject: 'four' })), INBOX)
  await before.close()
  const after = await openIntake(t, dir)
  t.equal(
    (await after.db.select().from(after.db.t.jobs).where(eq(after.db.t.jobs.state, 'running'))).length,
    3,
  )
  await after.engine.start()
  await after.spooler.drain()
  for (let i = 0; i < 1000 && (await after.messages()).length < 4; i++) await pause(5)
  await after.engine.stop()
  t.same((await after.messages()).map(({ subject }) => subject).sort(), ['four', 'one', 'three', 'two'])
})
