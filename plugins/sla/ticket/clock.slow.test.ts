// The clock of the desk jumps: a worker was down for a day or three, or a clock that was wrong is put right.
import { sql } from 'drizzle-orm'
import { definePlugin } from 'frontdesk/plugin'
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { stepReached, timerBreached } from '../events.js'
import { berlin, slaDesk } from '../test-kit.js'
import { breaches, chance, differences } from './edits-kit.js'

const SEED = 7
const DAY = 24 * 60 * 60_000

/** Hears what is fired. */
function ear() {
  const heard: string[] = []
  const plugin = definePlugin({
    name: 'ear',
    version: '1.0.0',
    api: '^1.0.0',
    requires: { sla: '^1.0.0' },
    setup(app) {
      app.on(timerBreached, 'hear', async ({ ticketId, metric, cycle }) => {
        heard.push(`${ticketId} ${metric} ${cycle} breached`)
      })
      app.on(stepReached, 'hear', async ({ ticketId, metric, cycle, step }) => {
        heard.push(`${ticketId} ${metric} ${cycle} ${step}`)
      })
    },
  })
  return { heard, plugin }
}

const targets = [
  {
    metric: 'first_response',
    within: '2 business hours',
    steps: [
      { name: 'soon', at: '-60 business minutes', actions: [{ do: 'tag', tag: 'soon' }] },
      { name: 'missed', at: '0 minutes', actions: [{ do: 'notify', who: 'assignee' }] },
    ],
  },
  { metric: 'resolution', within: '1 business day', steps: [{ name: 'gone', at: '0 minutes', actions: [] }] },
]

eachDatabase(t, async (t, database) => {
  await t.test('a clock that jumps by a day, forward and backward', async (t) => {
    const { heard, plugin } = ear()
    const desk = await slaDesk(t, { database, plugins: [plugin] })
    const { id: calendarId } = await desk.calendar()
    await desk.policy({ name: 'All', calendarId, targets })
    const { app } = desk
    // Not before there was a policy, however far the clock is put back.
    app.clock.advance(5 * DAY)
    const { below, maybe } = chance(SEED)
    const tickets: string[] = []
    const deadlines = new Map<string, string>()
    let recorded = await breaches(desk)
    for (let i = 0; i < 30; i++) {
      if (i % 3 === 0) tickets.push(await desk.mail(`Case ${i}`))
      if (i % 4 === 3) await desk.answer(tickets[below(tickets.length)]!)
      for (const id of tickets)
        for (const { metric, dueAt } of await desk.timers(id)) deadlines.set(`${id} ${metric} 0`, dueAt)
      if (maybe(3)) app.clock.advance(maybe(2) ? DAY : -DAY)
      else await app.runUntil(new Date(app.clock.now().getTime() + below(8 * 60) * 60_000))
      await app.runJobs()
      t.same(await differences(desk), [], `seed ${SEED}, round ${i}`)
      const now = await breaches(desk)
      for (const [timer, { breachedAt, detectedAt }] of recorded)
        t.match(now.get(timer), { breachedAt, detectedAt }, `seed ${SEED}, round ${i}: a breach stays`)
      for (const [timer, { breachedAt }] of now) {
        const [id, metric] = timer.split(' ')
        const shown: { metric: string; breachedAt: string }[] = await desk.timers(id!)
        t.equal(shown.find((one) => one.metric === metric)?.breachedAt, breachedAt, 'and is shown')
      }
      recorded = now
    }
    await app.runUntil(new Date(app.clock.now().getTime() + 10 * DAY))
    t.same(await differences(desk), [])
    t.same(heard.toSorted(), [...new Set(heard)].toSorted(), 'nothing is fired twice')
    const all = await breaches(desk)
    t.ok(all.size > 8, `${all.size} breaches`)
    for (const [timer, { breachedAt }] of all) {
      t.equal(breachedAt, deadlines.get(timer), `${timer}: the instant is the deadline`)
      t.ok(heard.includes(`${timer} breached`), 'and somebody was told')
    }
    for (const id of tickets) {
      const timers: { metric: string; state: string }[] = await desk.timers(id)
      const resolution = timers.find(({ metric }) => metric === 'resolution')
      t.ok(['breached', 'paused'].includes(resolution!.state), 'nothing is lost')
    }
  })

  await t.test('a worker that was away for three days', async (t) => {
    const { heard, plugin } = ear()
    const desk = await slaDesk(t, { database, plugins: [plugin] })
    const { app } = desk
    const { id: agentId } = await app.agent('agent', [app.inbox])
    const { id: calendarId } = await desk.calendar()
    const tell = { do: 'notify', who: { agentId } }
    const steps = [
      { name: 'soon', at: '-60 business minutes', actions: [tell] },
      { name: 'missed', at: '0 minutes', actions: [tell] },
    ]
    await desk.policy({ name: 'All', calendarId, targets: [{ ...targets[0], steps }] })
    await desk.at('02 10:00')
    const missed = await desk.mail('missed')
    const inTime = await desk.mail('answered')
    app.clock.set(berlin('02 11:30'))
    const { lastPublicMessageId: against } = await desk.ok('GET', `/api/tickets/${inTime}`)
    await desk.ok('POST', `/api/tickets/${inTime}/replies`, { text: 'Here you are.', against })
    app.clock.set(berlin('05 10:00'))
    await app.runJobs()
    await app.runJobs({ twice: true })
    t.same(
      [...(await breaches(desk))],
      [
        [
          `${missed} first_response 0`,
          { state: 'breached', breachedAt: berlin('02 12:00'), detectedAt: berlin('05 10:00') },
        ],
      ],
    )
    const noticesOf = async (id: string) =>
      (
        await app.db.rows<{ text: string; ticket_id: string }>(sql`select ticket_id, text from sla_notices`)
      ).filter(({ ticket_id }) => ticket_id === id)
    t.match(await noticesOf(missed), [{ text: /was due/ }], 'one notice')
    t.same(await noticesOf(inTime), [], 'what there was to warn of is over')
    t.match((await desk.timers(inTime))[0], {
      state: 'met',
      steps: [{ name: 'soon', at: berlin('02 11:00') }],
    })
    t.same(
      heard.filter((line) => line.startsWith(inTime)),
      [],
    )
    t.same(await differences(desk), [])
  })
})
