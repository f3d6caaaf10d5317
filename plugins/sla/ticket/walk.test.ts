// A walk over many tickets goes on in a second job; a change that comes meanwhile begins with the first ticket again.
import { eq } from 'drizzle-orm'
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { BER, berlin, slaDesk } from '../test-kit.js'
import { differences } from './edits-kit.js'

/** Some portions. */
const TICKETS = 45

/** Ten seconds have passed: whoever works for five leaves the rest to a job that comes after. */
function endTheRun(t: { teardown(undo: () => void): void }): void {
  const { now } = performance
  t.teardown(() => {
    performance.now = now
  })
  performance.now = () => now.call(performance) + 10_000
}

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const { id: calendarId } = await desk.calendar()
  const targets = [{ metric: 'resolution', within: '8 business hours' }]
  await desk.policy({ name: 'All', calendarId, targets })
  await desk.at('03 10:00')
  const first = await desk.mail()
  const { requesterId, inboxId } = await desk.ok('GET', `/api/tickets/${first}`)
  let last = first
  for (let n = 1; n < TICKETS; n++)
    last = (await desk.ok('POST', '/api/tickets', { subject: `Case ${n}`, inboxId, requesterId })).id
  await desk.app.runJobs()
  const dueOf = async (id: string) => (await desk.fields(id))['sla.due']
  t.same([await dueOf(first), await dueOf(last)], [berlin('04 10:00'), berlin('04 10:00')])

  const edit = (version: number, date: string) =>
    desk.ok('PATCH', `/api/plugins/sla/calendars/${calendarId}`, {
      version,
      definition: { ...BER, holidays: [{ date: '2026-03-04' }, { date }] },
    })
  await edit(1, '2026-03-05')
  const { jobs } = desk.app.db.t
  const walks = () => desk.app.db.select().from(jobs).where(eq(jobs.name, 'sla.walk'))
  const begun = new Promise<void>((resolve) => desk.app.db.onCommit('timeline', resolve))
  const walked = desk.app.runJobs()
  await begun
  await edit(2, '2026-03-06')
  t.same((await walks()).map(({ state }) => state).sort(), ['running', 'waiting'], 'the first is under way')
  t.equal(await dueOf(last), berlin('04 10:00'))
  endTheRun(t)
  await walked
  t.same(await walks(), [])
  for (const id of [first, last]) t.equal(await dueOf(id), berlin('05 10:00'))
  t.same(await differences(desk), [])
})
