// Policies and calendars tried on the tickets of the last days, before they are saved.
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import { BER, slaDesk } from '../test-kit.js'

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const { app, at, ok } = desk
  const { id: calendarId } = await desk.calendar()
  const targets = (minutes: number) => [{ metric: 'first_response', within: `${minutes} business minutes` }]
  const policy = await desk.policy({ name: 'As it is', calendarId, targets: targets(120) })
  await at('03 09:00')
  const quick = await desk.mail('quick')
  const slow = await desk.mail('slow')
  await at('03 09:20')
  await desk.answer(quick)
  await at('03 10:00')
  await desk.answer(slow)
  await at('03 16:30')
  const overnight = await desk.mail('overnight')
  await at('04 09:15')
  await desk.answer(overnight)

  const simulate = (body: object) => ok('POST', '/api/plugins/sla/simulate', { days: 7, ...body })
  const first = async (body: object) => (await simulate(body)).metrics.first_response
  t.same(await first({}), { timers: 3, missed: 0, wereMissed: 0 }, 'as it is')

  const strict = { name: 'Strict', enabled: true, calendarId, when: {}, targets: targets(30) }
  const tried = await simulate({ policies: [strict] })
  t.match(tried, {
    tickets: 3,
    complete: true,
    metrics: { first_response: { timers: 3, missed: 2, wereMissed: 0 } },
  })
  t.same(
    tried.changed.map(({ ticketId }: { ticketId: string }) => ticketId),
    [slow, overnight],
  )
  const around = {
    ...BER,
    hours: Object.fromEntries(Object.keys(BER.hours).map((day) => [day, [['00:00', '24:00']]])),
  }
  t.equal(
    (await first({ calendars: { [calendarId]: around } })).missed,
    1,
    'open at night: one waited too long',
  )
  t.equal((await first({ policies: [{ ...strict, when: { tags: ['vip'] } }] }))?.timers ?? 0, 0, 'none fits')

  t.same((await ok('GET', '/api/plugins/sla/policies')).items, [policy], 'nothing was saved')
  t.match(await desk.timers(slow), [{ state: 'met' }])
  const bad = await app.call('POST', '/api/plugins/sla/simulate', {
    days: 7,
    policies: [{ ...strict, calendarId: 'none' }],
  })
  t.equal(bad.status, 400)
  t.equal(bad.body.errors[0].field, 'body/policies/0/calendarId')
  const unreadable = await app.call('POST', '/api/plugins/sla/simulate', {
    days: 7,
    policies: [{ ...strict, targets: [{ metric: 'resolution', within: 'soon' }] }],
  })
  t.equal(unreadable.body.errors[0].field, 'body/policies/0/targets/0/within')
})
