// Entries whose numbers are not in the order of their commits, as they are on PostgreSQL: none is left out, neither for
// who is connected nor for who comes back.
import t, { type Test } from 'tap'
import { type Position, readPosition, samePlace, writePosition } from '../../src/db/position.js'
import { closePglite, type TestApp, testApp } from '../../src/testing/index.js'
import { timelineBetween, timelinePosition } from '../../src/tickets/timeline.js'
import { gate, pause, times, until } from '../support/databases.js'
import { connect } from '../support/live.js'
import { WITHOUT_SERVER } from '../support/postgres.js'
import { ok } from '../support/world.js'

t.teardown(closePglite)

const system = { actorKind: 'system' as const, type: 'changed', data: {} }

async function deskWithTicket(t: Test, database: 'sqlite' | 'postgres') {
  const app = await testApp(t, { database })
  const { ticketId } = await app.mail('From: ann@guest.example\nSubject: Cold\n\nhello\n')
  return { app, ticketId: ticketId! }
}

t.test('a step has what was open before and is not now, whatever its number', async (t) => {
  const { app, ticketId } = await deskWithTicket(t, 'postgres')
  const { db } = app
  const base = 2 ** 40
  const insert = (seq: number, txid: number) =>
    db.transaction((tx) =>
      tx.insert(tx.t.timeline).values({ ...system, ticketId, at: tx.now, seq, txid: base + txid }),
    )
  const at = (next: number, ...open: number[]): Position => ({
    next: base + next,
    open: open.map((id) => base + id),
  })
  const seqs = async (from: Position, to: Position, limit = 100) => {
    const found: number[] = []
    let after: { order: number; seq: number } | undefined
    do {
      const page = await timelineBetween(db, from, to, { limit, ...(after && { after }) })
      found.push(...page.rows.map(({ seq }) => seq))
      after = page.next
    } while (after)
    return found
  }
  for (const [seq, txid] of [
    [1001, 11],
    [1002, 12],
    [1003, 12],
    [1004, 10],
    [1005, 13],
  ] as const)
    await insert(seq, txid)
  t.same(await seqs(at(10), at(14)), [1001, 1002, 1003, 1004, 1005])
  t.same(await seqs(at(10), at(13, 11)), [1002, 1003, 1004], 'without the open one')
  t.same(await seqs(at(13, 11), at(14)), [1001, 1005], 'which comes when it has ended')
  t.same(await seqs(at(13, 11), at(14, 11)), [1005])
  t.same(await seqs(at(14, 11), at(14)), [1001], 'also when nothing else has happened')
  t.same(await seqs(at(14), at(14)), [])
  t.same((await seqs(at(10), at(14), 2)).toSorted(), [1001, 1002, 1003, 1004, 1005], 'in pages')
})

t.test('a place is kept as text, or a place before it', async (t) => {
  t.equal(writePosition({ next: 12, open: [] }), '12')
  t.same(readPosition('12.7.9'), { next: 12, open: [7, 9] })
  const open = times(60, (n) => 100 + n)
  t.same(readPosition(writePosition({ next: 200, open })), { next: 100, open: [] })
  t.notOk(
    samePlace({ next: 200, open }, { next: 200, open: open.slice(0, 59) }),
    'they are told apart all the same',
  )
  for (const text of ['', 'x', '-1', '1.', '1e3', '1.2.x', '9'.repeat(16)])
    t.equal(readPosition(text), undefined)
})

t.test('a smaller number that shows itself later is told', async (t) => {
  const { app, ticketId } = await deskWithTicket(t, 'postgres')
  const client = await connect(app)
  const insert = (seq: number) =>
    app.db.transaction(async (tx) => {
      await tx.insert(tx.t.timeline).values({ ...system, ticketId, at: tx.now, seq })
      tx.announce('timeline')
    })
  await insert(5001)
  t.ok(await until(() => client.entries().length === 1))
  client.close()
  await insert(5000)
  const again = await connect(app, { headers: { 'last-event-id': client.cursor() } })
  t.same(
    again.entries().map(({ seq }) => seq),
    [5000],
    'to who comes back',
  )
  await insert(4999)
  t.ok(await until(() => again.entries().length === 2), 'and to who is connected')
})

t.test('what was restored from another PostgreSQL does not come up as new', async (t) => {
  const { app, ticketId } = await deskWithTicket(t, 'postgres')
  const { next } = await timelinePosition(app.db)
  await app.db.transaction((tx) =>
    tx.insert(tx.t.timeline).values({ ...system, ticketId, at: tx.now, seq: 7000, txid: next + 20 }),
  )
  const client = await connect(app)
  for (let n = 0; n < 40; n++)
    await ok(app, 'POST', `/api/tickets/${ticketId}/notes`, { text: `the number ${n} of our own` })
  t.ok(await until(() => client.entries().length >= 40))
  t.ok((await timelinePosition(app.db)).next > next + 20)
  t.notOk(client.entries().some(({ seq }) => seq === 7000))
})

const real = { skip: WITHOUT_SERVER }

/** Writes an entry and keeps its transaction open until told. */
async function late(app: TestApp, ticketId: string) {
  const hold = gate()
  const written = gate()
  let seq = 0
  const done = app.db.transaction(async (tx) => {
    const [row] = await tx
      .insert(tx.t.timeline)
      .values({ ...system, ticketId, at: tx.now })
      .returning({ seq: tx.t.timeline.seq })
    seq = row!.seq
    tx.announce('timeline')
    written.open()
    await hold.passed
  })
  await written.passed
  const commit = async () => {
    hold.open()
    await done
  }
  return { seq, commit }
}

t.test('PostgreSQL: a transaction that began first and commits last is told', real, async (t) => {
  const { app, ticketId } = await deskWithTicket(t, 'postgres')
  const other = (await app.mail('From: bob@guest.example\nSubject: Hot\n\nhello\n')).ticketId!
  const before = await late(app, ticketId)
  const client = await connect(app)
  const during = await late(app, ticketId)
  const mark = await ok(app, 'POST', `/api/tickets/${other}/notes`, { text: 'a larger number' })
  t.ok(await until(() => client.entries().some(({ messageId }) => messageId === mark.id)))
  const [{ seq: larger }] = client.entries()
  t.ok(before.seq < during.seq && during.seq < larger)
  const gone = await connect(app)
  gone.close()
  await during.commit()
  t.ok(await until(() => client.entries().some(({ seq }) => seq === during.seq)), 'to who is connected')
  await before.commit()
  t.ok(await until(() => client.entries().length === 3), 'also what was open when the client came')
  const again = await connect(app, { headers: { 'last-event-id': gone.cursor() } })
  t.same(
    again.entries().map(({ seq }) => seq),
    [before.seq, during.seq],
    'and to who comes back',
  )
})

t.test('PostgreSQL: many at once, each entry exactly once', real, async (t) => {
  const { app } = await deskWithTicket(t, 'postgres')
  const tickets: string[] = []
  for (let n = 0; n < 3; n++)
    tickets.push((await app.mail(`From: g${n}@guest.example\nSubject: S\n\nhello ${n}\n`)).ticketId!)
  const client = await connect(app)
  const written: number[] = []
  const writer = async (n: number) => {
    for (let i = 0; i < 25; i++)
      await app.db
        .transaction(async (tx) => {
          const [row] = await tx
            .insert(tx.t.timeline)
            .values({ ...system, ticketId: tickets[n]!, at: tx.now })
            .returning({ seq: tx.t.timeline.seq })
          await pause(Math.random() * 150)
          if (i % 5 === 0) throw new Error('rolled back')
          tx.announce('timeline')
          return row!.seq
        })
        .then((seq) => written.push(seq))
        .catch((error: Error) => t.equal(error.message, 'rolled back'))
  }
  const wanderers: { got: Set<number>; stop: boolean; done?: Promise<void> } = { got: new Set(), stop: false }
  const first = await connect(app)
  wanderers.done = wander(app, first.cursor(), wanderers)
  // Fewer than the pool has connections: the tail must get some in between.
  await Promise.all(times(3, writer))
  t.equal(written.length, 60)
  t.ok(await until(() => client.entries().length >= written.length))
  const seqs = client.entries().map(({ seq }) => seq as number)
  t.same(
    seqs.toSorted((a, b) => a - b),
    written.toSorted((a, b) => a - b),
  )
  t.ok(
    written.some((seq, n) => n > 0 && seq < written[n - 1]!),
    'the order of the numbers was not that of the commits',
  )
  t.ok(await until(() => written.every((seq) => wanderers.got.has(seq))), 'also by way of reconnects')
  wanderers.stop = true
  await wanderers.done
})

/** Comes and goes with its cursor. */
async function wander(app: TestApp, from: string, state: { got: Set<number>; stop: boolean }) {
  let cursor = from
  while (!state.stop) {
    const client = await connect(app, { headers: { 'last-event-id': cursor } })
    await pause(Math.random() * 60)
    client.close()
    for (const { seq } of client.entries()) state.got.add(seq)
    cursor = client.cursor()
  }
}
