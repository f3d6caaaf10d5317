// What agents are told, read and mailed, on a real desk.
import { eq } from 'drizzle-orm'
import { newId } from 'frontdesk/plugin'
import { eachDatabase, type TestApp } from 'frontdesk/testing'
import t from 'tap'
import { slaDesk } from '../test-kit.js'

const api = '/api/plugins/sla/notices'

/** The engine is not started in tests: it would put a recurring job there. */
async function recurring(app: TestApp, name: 'digest' | 'pruneNotices'): Promise<void> {
  const now = app.clock.now()
  const row = { name: `sla.${name}`, key: 'recurring', data: {}, state: 'waiting' as const, attempts: 0 }
  await app.db.transaction(async (tx) => {
    await tx.delete(tx.t.jobs).where(eq(tx.t.jobs.key, 'recurring'))
    await tx.insert(tx.t.jobs).values({ ...row, id: newId(), runAt: now, createdAt: now })
  })
  await app.runJobs({ twice: true })
}

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const { at, app, ok } = desk
  const ann = await app.agent('agent', [app.inbox])
  const bob = await app.agent('agent', [app.inbox])
  const { id: calendarId } = await desk.calendar()
  const tell = (agentId: string) => ({ do: 'notify', who: { agentId }, how: 'digest' })
  await desk.policy({
    name: 'Everybody',
    calendarId,
    targets: [
      {
        metric: 'first_response',
        within: '2 business hours',
        steps: [{ name: 'soon', at: '-60 business minutes', actions: [tell(ann.id), tell(bob.id)] }],
      },
    ],
  })
  const digests = () => app.outbox.filter(({ subject }) => / waits? for you$/.test(subject))
  await at('04 10:00')
  const first = await desk.mail('Cold room')
  await at('04 10:30')
  const second = await desk.mail('Dark room')
  await at('04 10:59')
  const before = digests().length
  t.equal(before, 0, 'nothing waits, nothing is mailed')
  await at('04 11:31')
  await desk.answer(first)
  const list = async (who: { token: string }, more = '') =>
    (await app.call('GET', `${api}?${more}`, undefined, who)).body
  const waiting = await list(ann)
  t.match(waiting.items, [
    { ticketId: second, readAt: null },
    { ticketId: first, readAt: null },
  ])

  // Bob has seen all of it in the console.
  t.same((await app.call('POST', `${api}/read`, { all: true }, bob)).body, { read: 2 })
  t.same(
    (await app.call('POST', `${api}/read`, { ids: [waiting.items[0].id] }, bob)).body,
    { read: 0 },
    'not his',
  )
  await at('04 12:31')
  await recurring(app, 'digest')
  t.equal(digests().length, 1)
  const [mail] = digests()
  t.equal(mail!.subject, '1 ticket waits for you')
  t.match(mail!.text, /Cold room[\s\S]*\(done meanwhile\)[\s\S]*Dark room/)
  t.equal(mail!.text.match(/done meanwhile/g)!.length, 1)
  await at('05 09:00')
  await recurring(app, 'digest')
  t.equal(digests().length, 1, 'once')

  await app.call('POST', `${api}/read`, { ids: [waiting.items[0].id] }, ann)
  const page = await list(ann, 'limit=1')
  t.match(page.items, [{ ticketId: first, readAt: null }], 'unread first')
  const rest = await list(ann, `limit=1&cursor=${page.nextCursor}`)
  t.match(rest, { items: [{ ticketId: second }], nextCursor: null })
  t.equal((await app.call('GET', `${api}?cursor=x`, undefined, ann)).status, 400)
  t.equal((await app.call('POST', `${api}/read`, {}, ann)).status, 400)

  app.clock.advance(91 * 86_400_000)
  await recurring(app, 'pruneNotices')
  t.match((await list(ann)).items, [{ ticketId: first }], 'read long ago')
  t.same((await list(bob)).items, [])
  t.ok(await ok('GET', `/api/tickets/${first}`))
})

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const { at, app } = desk
  const ann = await app.agent('agent', [app.inbox])
  const { id: calendarId } = await desk.calendar()
  const actions = [{ do: 'notify', who: { agentId: ann.id }, how: 'digest' }]
  await desk.policy({
    name: 'Everybody',
    calendarId,
    targets: [
      {
        metric: 'first_response',
        within: '2 business hours',
        steps: [{ name: 'late', at: '0 minutes', actions }],
      },
    ],
  })
  await at('04 10:00')
  const id = await desk.mail()
  await at('04 12:01')
  await desk.answer(id)
  await recurring(app, 'digest')
  t.equal(app.outbox.filter(({ subject }) => /for you$/.test(subject)).length, 0, 'all of it is done')
})
