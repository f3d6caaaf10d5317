// Tickets of a real desk under policies: what is due, what is missed, who is told.
import { eachDatabase, pluginContract } from 'frontdesk/testing'
import t from 'tap'
import plugin from '../index.js'
import { berlin, slaDesk } from '../test-kit.js'

t.test('the contract of plugins', (t) => pluginContract(t, plugin))

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const { at, ok } = desk
  const { id: calendarId } = await desk.calendar()
  const policy = await desk.policy({
    name: 'Everybody',
    calendarId,
    targets: [
      {
        metric: 'first_response',
        within: '2 business hours',
        steps: [
          { name: 'soon', at: '-60 business minutes', actions: [{ do: 'tag', tag: 'soon' }] },
          { name: 'missed', at: '0 minutes', actions: [{ do: 'priority', to: 'up' }] },
        ],
      },
      { metric: 'resolution', within: '8 business hours' },
    ],
  })
  t.equal(policy.version, 1)

  await at('06 15:30')
  const id = await desk.mail()
  t.match(await desk.fields(id), {
    'sla.due': berlin('09 09:30'),
    'sla.firstResponseDue': berlin('09 09:30'),
    'sla.state': 'running',
    'sla.policy': 'Everybody',
  })
  await at('06 16:31')
  t.same((await ok('GET', `/api/tickets/${id}`)).tags, ['soon'], '27 warned on Friday')
  t.equal((await desk.fields(id))['sla.state'], 'warned')
  await at('09 09:00')
  t.same((await ok('GET', `/api/tickets/${id}`)).tags, ['soon'], 'once')
  await at('09 09:31')
  t.match(await desk.fields(id), { 'sla.state': 'breached' })
  t.equal((await ok('GET', `/api/tickets/${id}`)).priority, 'high')
  await desk.answer(id)
  t.match(await desk.timers(id), [
    { metric: 'first_response', state: 'breached', breachedAt: berlin('09 09:30') },
    { metric: 'resolution', state: 'running', dueAt: berlin('09 15:30') },
  ])
})
