// What others see of timers: lists that begin with what is due next, events of the desk with the new due times, and
// the events of the plugin, each once.
import { definePlugin } from 'frontdesk/plugin'
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { berlin, slaDesk } from '../test-kit.js'

eachDatabase(t, async (t, database) => {
  const heard: [string, Record<string, unknown>][] = []
  const listener = definePlugin({
    name: 'listener',
    version: '1.0.0',
    api: '^1.0.0',
    setup(app) {
      app.onEvery('hear', async (event, payload) => {
        heard.push([event, payload as Record<string, unknown>])
      })
    },
  })
  const desk = await slaDesk(t, { database, plugins: [listener] })
  const { app, at, ok } = desk
  const { id: calendarId } = await desk.calendar()
  const targets = (minutes: number) => [{ metric: 'first_response', within: `${minutes} business minutes` }]
  await desk.policy({
    name: 'By priority',
    calendarId,
    targets: targets(120),
    byPriority: { urgent: targets(30), low: targets(600) },
  })

  await at('03 09:00')
  const normal = await desk.mail('normal')
  const low = await desk.mail('low')
  await desk.change(low, { priority: 'low' })
  const urgent = await desk.mail('urgent')
  await desk.change(urgent, { priority: 'urgent' })
  const done = await desk.mail('done')
  await desk.answer(done)
  await desk.change(done, { status: 'solved' })

  const list = async (query: string) =>
    (await ok('GET', `/api/tickets?${query}`)).items.map((one: { subject: string }) => one.subject)
  t.same(
    await list('sort=field:sla.due'),
    ['urgent', 'normal', 'low'],
    'due next first; what is done is not due',
  )
  t.same(await list('sort=-field:sla.due&limit=2'), ['low', 'normal'])
  t.same(await list(`fieldBefore=sla.due:${berlin('03 10:00')}&sort=field:sla.due`), ['urgent'])
  t.same(await list('field=sla.state:met'), ['done'])

  for (const [query, message] of [
    ['field=sla.state:late', 'must be one of running, warned, paused, breached, met'],
    ['fieldBefore=sla.due:tomorrow', /write an instant/],
  ] as const)
    t.match(await app.call('GET', `/api/tickets?${query}`), { status: 422, body: { errors: [{ message }] } })
  const all = (await ok('GET', '/api/fields')).items.filter(({ name }: { name: string }) =>
    /^sla\./.test(name),
  )
  t.equal(all.length, 7)
  for (const { name, readOnly } of all) {
    t.equal(readOnly, true, name)
    t.match(await app.call('PATCH', `/api/tickets/${normal}/fields`, { [name]: null }), {
      status: 422,
      body: { code: 'field_read_only', detail: new RegExp(`${name} is computed by the plugin "sla"`) },
    })
  }

  await at('03 09:31')
  t.same(await list('field=sla.state:breached'), ['urgent'])
  const { items } = await ok('GET', '/api/tickets?sort=field:sla.due')
  t.match(items[0].fields, { 'sla.due': berlin('03 09:30'), 'sla.state': 'breached' })
  const updates = heard.filter(([event, { ticketId }]) => event === 'ticketUpdated' && ticketId === normal)
  t.match(updates, [['ticketUpdated', { changes: { 'sla.due': [null, berlin('03 11:00')] } }]])
  t.same(
    heard.filter(([event]) => event.startsWith('sla.')).map(([event, { ticketId }]) => [event, ticketId]),
    [
      ['sla.timerBreached', urgent],
      ['sla.stepReached', urgent],
    ],
    'each once',
  )

  const timeline = (await ok('GET', `/api/tickets/${normal}/timeline`)).items
  t.ok(
    timeline.some((one: { type: string; data: object }) => one.type === 'changed' && 'sla.due' in one.data),
    'and in its timeline, which live updates follow',
  )

  const outsider = await app.agent('agent')
  const hidden = await app.call('GET', `/api/plugins/sla/tickets/${normal}`, undefined, outsider)
  t.ok([403, 404].includes(hidden.status), 'nobody learns of tickets that they may not see')
})
