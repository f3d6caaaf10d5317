// The plugin is taken off the list, and comes back.
import { and, like, lte } from 'drizzle-orm'
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { berlin, slaDesk } from '../test-kit.js'
import { differences } from './edits-kit.js'

eachDatabase(t, async (t, database) => {
  const on = await slaDesk(t, { database })
  const { id: calendarId } = await on.calendar()
  const first = { metric: 'first_response', within: '2 business hours' }
  await on.policy({
    name: 'Urgent',
    when: { priorities: ['urgent'] },
    calendarId,
    targets: [first, { metric: 'resolution', within: '4 business hours' }],
  })
  await on.policy({ name: 'All', calendarId, targets: [first] })
  await on.at('03 09:00')
  const missed = await on.mail('missed')
  const answered = await on.mail('answered')
  const raised = await on.mail('raised')

  const off = await on.restart('off')
  off.app.clock.set(berlin('03 09:05'))
  const opened = await off.mail('opened')
  const closed = await off.mail('closed')
  await off.change(raised, { priority: 'urgent' })
  off.app.clock.set(berlin('03 09:10'))
  await off.answer(answered)
  await off.answer(closed)
  for (const status of ['solved', 'closed']) await off.change(closed, { status })
  t.same((await off.fields(opened))['sla.due'], undefined)

  // A restart without it after a minute, and so would be one after a week.
  const back = await onAgain(off)
  t.match(await back.timers(missed), [{ state: 'running', dueAt: berlin('03 11:00') }])
  t.match(await back.timers(answered), [{ state: 'met', consumedMs: 10 * 60_000 }])
  t.match(await back.timers(raised), [
    { metric: 'first_response', state: 'running' },
    { metric: 'resolution', state: 'running', dueAt: berlin('03 13:00') },
  ])
  t.match(await back.timers(opened), [{ state: 'running', dueAt: berlin('03 11:05') }])
  t.match(await back.timers(closed), [{ state: 'met', consumedMs: 5 * 60_000 }])
  t.equal((await back.fields(opened))['sla.state'], 'running')

  const again = await back.restart('off')
  again.app.clock.set(berlin('04 12:00'))
  await again.app.runJobs()
  const { jobs } = again.app.db.t
  const due = await again.app.db
    .select()
    .from(jobs)
    .where(and(like(jobs.name, 'sla.%'), lte(jobs.runAt, again.app.clock.now())))
  t.ok(due.length > 0)
  t.same(new Set(due.map(({ state }) => state)), new Set(['parked']), 'what was due is parked')

  const last = await onAgain(again)
  t.match(await last.timers(missed), [{ state: 'breached', breachedAt: berlin('03 11:00') }])
  t.match(await last.timers(opened), [{ state: 'breached', breachedAt: berlin('03 11:05') }])
  t.same(await differences(last), [])
})

type Desk = Awaited<ReturnType<typeof slaDesk>>

async function onAgain(off: Desk): Promise<Desk> {
  const desk = await off.restart('on')
  await desk.app.runJobs()
  return desk
}
