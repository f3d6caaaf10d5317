// PostgreSQL runs transactions side by side (READ COMMITTED): whatever reads and then writes must still be right when
// many do it at once. Each of these fails without the lock or the condition it is about.
import { and, asc, eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { HOUR, newId, systemClock } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { createIdempotency } from '../../src/http/idempotency.js'
import { reclaim } from '../../src/jobs/crashes.js'
import { contactByEmail } from '../../src/people/contacts.js'
import { take } from '../../src/people/limits.js'
import { recordInstalled } from '../../src/plugin/lifecycle.js'
import { createSecrets } from '../../src/settings/secrets.js'
import { testApp } from '../../src/testing/index.js'
import { createTicket, type Ticket, ticketById } from '../../src/tickets/create.js'
import { system } from '../../src/tickets/desk.js'
import { appendToTicket, type Inbound } from '../../src/tickets/inbound.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { mergeTickets } from '../../src/tickets/merge.js'
import { reply } from '../../src/tickets/reply.js'
import { setFields } from '../../src/tickets/set-fields.js'
import { updateTicket } from '../../src/tickets/update.js'
import { times } from '../support/databases.js'
import { openAt, schema, WITHOUT_SERVER } from '../support/postgres.js'

const test = (name: string, body: (t: Test) => Promise<void>) => t.test(name, { skip: WITHOUT_SERVER }, body)

const outcome = <T>(promise: Promise<T>) =>
  promise.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )

test('a bucket of ten gives ten, however many come at once', async (t) => {
  const db = await openAt(t, await schema(t))
  const limit = { most: 10, perMs: HOUR }
  const taken = await Promise.all(times(60, () => db.transaction((tx) => take(tx, 'login', limit))))
  t.equal(taken.filter(Boolean).length, 10)
})

test('the same request in several processes at once is carried out once, and all get its answer', async (t) => {
  const db = await openAt(t, await schema(t))
  const secrets = createSecrets('x'.repeat(40))
  const keyed = {
    owner: 'a',
    key: 'one',
    method: 'POST',
    url: '/api/inboxes',
    body: { address: 'x@desk.example' },
  }
  const answers = await Promise.all(
    times(12, () =>
      createIdempotency(db, secrets).run(keyed, async (tx) => ({
        status: 201,
        body: (await createInbox(tx, { address: 'x@desk.example' })).id,
      })),
    ),
  )
  t.equal(new Set(answers.map(({ body }) => body)).size, 1)
  t.equal(answers.filter(({ replayed }) => !replayed).length, 1)
})

/** A desk on the server with a ticket of Ann's. */
async function deskWithTicket(t: Test) {
  const app = await testApp(t, { database: 'postgres' })
  const { db, desk, inbox } = app
  const contact = await db.transaction((tx) => contactByEmail(tx, 'Ann', 'ann@guest.example'))
  const make = (subject = 'One') =>
    db.transaction(async (tx) => {
      const input = { subject, inboxId: inbox.id, channel: 'email', requesterId: contact.id }
      return (await ticketById(tx, (await createTicket(tx, desk, system, input)).id))!
    })
  const inbound = (text: string): Inbound => ({
    ...{ inbox, channel: 'email', contactId: contact.id, others: [], automatic: null, attachments: [] },
    intakeId: newId(),
    content: {
      ...{ subject: text, text, html: '', folded: [], from: { name: 'Ann', address: 'ann@guest.example' } },
      ...{ to: [], cc: [], messageId: `${newId()}@guest.example`, date: null, warnings: [] },
    },
  })
  return { app, db, desk, make, inbound }
}

const timelineOf = (db: Db, ticketId: string) =>
  db.select().from(db.t.timeline).where(eq(db.t.timeline.ticketId, ticketId)).orderBy(asc(db.t.timeline.seq))

test('changes without a version follow each other, and the timeline tells them in their order', async (t) => {
  const { db, desk, make } = await deskWithTicket(t)
  const ticket = await make()
  const ends = await Promise.all(
    times(30, (index) =>
      outcome(
        db.transaction(async (tx) =>
          updateTicket(tx, desk, system, (await ticketById(tx, ticket.id))!, { subject: `change ${index}` }),
        ),
      ),
    ),
  )
  t.same([...new Set(ends)], ['done'])
  const changes = (await timelineOf(db, ticket.id)).flatMap(({ data }) =>
    data.subject ? [data.subject as [string, string]] : [],
  )
  t.equal(changes.length, 30)
  for (const [index, [from]] of changes.entries())
    t.equal(
      from,
      index === 0 ? 'One' : changes[index - 1]![1],
      `change ${index} begins where the last one ended`,
    )
})

test('of changes that name the same version one is taken', async (t) => {
  const { db, desk, make } = await deskWithTicket(t)
  const ticket = await make()
  const ends = await Promise.all(
    times(20, (index) =>
      outcome(
        db.transaction((tx) =>
          updateTicket(tx, desk, system, ticket, { subject: `change ${index}` }, ticket.version),
        ),
      ),
    ),
  )
  t.same(ends.toSorted(), ['done', ...times(19, () => 'version_conflict')])
})

test('a reply is refused when a message came while it was being stored', async (t) => {
  const { db, desk, make, inbound } = await deskWithTicket(t)
  for (let trial = 0; trial < 20; trial++) {
    const { id } = await make()
    const first = await db.transaction(async (tx) =>
      appendToTicket(tx, desk, (await ticketById(tx, id))!, inbound('first')),
    )
    const [replied] = await Promise.all([
      outcome(
        db.transaction(async (tx) =>
          reply(tx, desk, system, (await ticketById(tx, id))!, { text: 'Yes', against: first.messageId }),
        ),
      ),
      db.transaction(async (tx) => appendToTicket(tx, desk, (await ticketById(tx, id))!, inbound('second'))),
    ])
    const types = (await timelineOf(db, id)).map(({ type }) => type)
    if (replied === 'stale_reply') continue
    t.equal(replied, 'done')
    t.ok(
      types.indexOf('message_queued') < types.lastIndexOf('message_received'),
      'it was the first of the two',
    )
  }
})

test('a message that comes while its ticket is merged is on the target, and two tickets merge one way', async (t) => {
  const { db, desk, make, inbound } = await deskWithTicket(t)
  const { messages, tickets } = db.t
  const merge = (from: Ticket, into: Ticket) =>
    db.transaction((tx) => mergeTickets(tx, desk, system, from, into))
  for (let trial = 0; trial < 15; trial++) {
    const [a, b] = [await make('A'), await make('B')]
    const [one, other] = await Promise.all([
      outcome(merge(a, b)),
      outcome(merge(b, a)),
      ...times(3, () =>
        db.transaction(async (tx) =>
          appendToTicket(tx, desk, (await ticketById(tx, a.id))!, inbound('late')),
        ),
      ),
    ])
    t.same([one, other].toSorted(), ['done', 'wrong_state'])
    const rows = await db.select().from(tickets).where(eq(tickets.mergedIntoId, a.id))
    const target = rows.length > 0 ? a.id : b.id
    const found = await db.select({ ticketId: messages.ticketId }).from(messages)
    const left = found.filter(({ ticketId }) => ticketId === (target === a.id ? b.id : a.id))
    t.same(left, [], 'nothing stays behind')
  }
})

test('one contact for one address, though many mails of it and to others come at once', async (t) => {
  const db = await openAt(t, await schema(t))
  const addresses = times(5, (index) => `guest${index}@guest.example`)
  const found = await Promise.all(
    times(6, (index) =>
      db.transaction(async (tx) => {
        const ids: string[] = []
        // Some in one order, some in the other: that is a deadlock, and is run again.
        for (const address of index % 2 ? addresses : addresses.toReversed())
          ids.push((await contactByEmail(tx, 'Guest', address)).id)
        return ids.toSorted().join()
      }),
    ),
  )
  t.equal(new Set(found).size, 1)
  t.equal((await db.select().from(db.t.contacts)).length, 5)
})

test('fields of a ticket tell what was there before', async (t) => {
  const { db, desk, make } = await deskWithTicket(t)
  desk.fields.add('hotel.room', { schema: {}, description: 'room' })
  const ticket = await make()
  await Promise.all(
    times(20, (index) =>
      db.transaction((tx) => setFields(tx, desk, system, ticket, { 'hotel.room': index })),
    ),
  )
  const changes = (await timelineOf(db, ticket.id)).flatMap(({ data }) =>
    data['hotel.room'] ? [data['hotel.room'] as [unknown, unknown]] : [],
  )
  for (const [index, [from]] of changes.entries()) t.equal(from, index === 0 ? null : changes[index - 1]![1])
})

test('a team that many change at once keeps whole lists', async (t) => {
  const app = await testApp(t, { database: 'postgres' })
  const made = await app.call('POST', '/api/teams', { name: 'Desk', agentIds: [], inboxIds: [] })
  const inboxIds = [app.inbox.id, (await app.addInbox('b@desk.example')).id]
  const ends = await Promise.all(
    times(15, () => app.call('PATCH', `/api/teams/${made.body.id}`, { inboxIds })),
  )
  t.same([...new Set(ends.map(({ status }) => status))], [200])
})

test('of many processes that install a plugin one is the first, and no right is lost', async (t) => {
  const db = await openAt(t, await schema(t))
  const plugins = times(6, (index) => ({ name: `plugin-${index}`, version: '1.0.0', api: 1 }) as never)
  const firsts = await Promise.all(
    plugins.flatMap((plugin: { name: string }) =>
      times(4, () =>
        db.transaction((tx) =>
          recordInstalled(tx, plugin as never, [{ name: `${plugin.name}:read`, description: '' } as never]),
        ),
      ),
    ),
  )
  t.equal(firsts.filter(Boolean).length, 6)
  const [admin] = await db.select().from(db.t.roles).where(eq(db.t.roles.name, 'admin'))
  t.equal(admin!.permissions.filter((name) => name.endsWith(':read') && name.startsWith('plugin-')).length, 6)
})

test('a lease that ran out is freed once: not again when somebody else has the job', async (t) => {
  const url = await schema(t)
  const db = await openAt(t, url)
  const { jobs } = db.t
  const id = newId()
  await db.transaction(async (tx) =>
    tx.insert(jobs).values({
      ...{
        id,
        name: 'x',
        key: null,
        data: {},
        runAt: tx.now,
        state: 'running',
        attempts: 1,
        createdAt: tx.now,
      },
      ...{ lease: 'old', leaseUntil: new Date(0) },
    }),
  )
  let began!: () => void
  const begun = new Promise<void>((resolve) => {
    began = resolve
  })
  // The other process frees it, and a third claims it, while this one waits for the row.
  const third = db.transaction(async (tx) => {
    await tx
      .update(jobs)
      .set({ lease: 'new', leaseUntil: new Date(Date.now() + HOUR) })
      .where(eq(jobs.id, id))
    began()
    await new Promise((resolve) => setTimeout(resolve, 200))
  })
  await begun
  await db.transaction((tx) => reclaim(tx, false))
  await third
  const [row] = await db
    .select()
    .from(jobs)
    .where(and(eq(jobs.id, id), eq(jobs.lease, 'new')))
  t.equal(row?.state, 'running')
  t.ok(systemClock.now() < row!.leaseUntil!)
})
