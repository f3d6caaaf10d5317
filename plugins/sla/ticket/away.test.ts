// The plugin is taken off the list, and comes back.
import { and, eq, like, lte } from 'drizzle-orm'
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { berlin, slaDesk } from '../test-kit.js'
import { differences } from './edits-kit.js'

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const { app, at } = desk
  const { id: calendarId } = await desk.calendar()
  const within = '2 business hours'
  await desk.policy({ name: 'All', calendarId, targets: [{ metric: 'first_response', within }] })
  await beat(desk)
  await at('03 09:00')
  const [missed, answered] = [await desk.mail('missed'), await desk.mail('answered')]
  await beat(desk)

  const back = switchOff(desk)
  app.clock.set(berlin('03 09:30'))
  const opened = await desk.mail('opened')
  app.clock.set(berlin('03 10:00'))
  await desk.answer(answered)
  app.clock.set(berlin('04 12:00'))
  await app.runJobs()
  const { jobs } = app.db.t
  const due = await app.db
    .select()
    .from(jobs)
    .where(and(like(jobs.name, '%sla.%'), lte(jobs.runAt, app.clock.now())))
  t.same(new Set(due.map(({ state }) => state)), new Set(['parked']), 'what was due is parked')
  t.same((await desk.fields(opened))['sla.due'], undefined)

  await back()
  await beat(desk)
  t.match(await desk.timers(missed), [{ state: 'breached', breachedAt: berlin('03 11:00') }])
  t.match(await desk.timers(answered), [{ state: 'met', consumedMs: 60 * 60_000 }])
  t.match(await desk.timers(opened), [{ state: 'breached', breachedAt: berlin('03 11:30') }])
  t.equal((await desk.fields(opened))['sla.state'], 'breached')
  t.same(await differences(desk), [])
})

type Desk = Awaited<ReturnType<typeof slaDesk>>

/** The job that notices an absence, as it runs every few minutes: the desk of these tests has no recurring ones. */
async function beat({ app }: Desk): Promise<void> {
  await app.db.transaction(async (tx) => {
    const row = { id: `beat-${tx.now.getTime()}`, name: 'sla.beat', data: {}, state: 'waiting' as const }
    await tx.insert(tx.t.jobs).values({ ...row, runAt: tx.now, createdAt: tx.now, attempts: 0 })
  })
  await app.runJobs()
}

/** As if it were not listed: its jobs have no handler, and nobody hears events for it. @returns the way back. */
function switchOff({ app }: Desk): () => Promise<void> {
  const { handlers } = app
  const own = handlers.names().filter((name) => /^sla\.|:sla\./.test(name))
  for (const name of own) handlers.pause(name)
  return async () => {
    const { jobs } = app.db.t
    for (const name of own) handlers.resume(name)
    await app.db.transaction(async (tx) => {
      await tx.delete(jobs).where(like(jobs.name, '%:sla.%'))
      await tx.update(jobs).set({ state: 'waiting' }).where(eq(jobs.state, 'parked'))
    })
  }
}
