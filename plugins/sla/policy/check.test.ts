// What is wrong with a policy is said at its place, with the words that are allowed; saving and trying agree on it.
import { definePlugin } from 'frontdesk/plugin'
import { eachDatabase } from 'frontdesk/testing'
import t from 'tap'
import Type from 'typebox'
import { slaDesk } from '../test-kit.js'

const hotel = definePlugin({
  name: 'hotel',
  version: '1.0.0',
  api: '^1.0.0',
  fields: {
    room: { schema: Type.String({ maxLength: 4 }), description: 'Room' },
    board: { schema: Type.Union([Type.Literal('half'), Type.Literal('full')]), description: 'Board' },
  },
  setup() {},
})

eachDatabase(t, async (t, database) => {
  const { app, ok, calendar, policy } = await slaDesk(t, { database, plugins: [hotel] })
  const { id: calendarId } = await calendar()
  const policies = '/api/plugins/sla/policies'
  const targets = [{ metric: 'first_response', within: '30 business minutes' }]
  const good = { name: 'Guests', calendarId, targets }
  const steps = (...actions: object[]) => [{ name: 'late', at: '0 minutes', actions }]
  const act = (action: object) => [
    ...targets,
    { metric: 'resolution', within: '2 days', steps: steps({ do: 'tag', tag: 'late' }, action) },
  ]
  const action = 'targets/1/steps/0/actions/1'

  const wrong: [title: string, policy: object, field: string, message: string | RegExp][] = [
    [
      'a channel',
      { when: { channels: ['email', 'mail'] } },
      'when/channels/1',
      'there is no "mail"; there are: email, phone, api',
    ],
    ['a segment', { when: { segments: ['gold'] } }, 'when/segments/0', /`sla.segments` is empty/],
    [
      'a field',
      { when: { fields: { 'hotel.rom': '12' } } },
      'when/fields/hotel.rom',
      'there is no such ticket field; there are: hotel.room, hotel.board',
    ],
    [
      'a value of a field',
      { when: { fields: { 'hotel.board': 'none' } } },
      'when/fields/hotel.board',
      'must be one of half, full',
    ],
    [
      'a type of a field',
      { when: { fields: { 'hotel.room': 12 } } },
      'when/fields/hotel.room',
      'must be string',
    ],
    [
      'a field of its own',
      { when: { fields: { 'sla.state': 'met' } } },
      'when/fields/sla.state',
      /computed from the policies/,
    ],
    [
      'a metric',
      { targets: [...targets, { metric: 'resolve', within: '2 days' }] },
      'targets/1/metric',
      'must be one of first_response, next_response, resolution, periodic_update',
    ],
    [
      'what an action does',
      { targets: act({ do: 'shout' }) },
      `${action}/do`,
      'must be one of notify, assign, priority, tag, team, action',
    ],
    [
      'nothing that an action does',
      { targets: act({}) },
      `${action}/do`,
      'is missing: one of notify, assign, priority, tag, team, action',
    ],
    [
      'who is told',
      { targets: act({ do: 'notify', who: 'boss' }) },
      `${action}/who`,
      'must be one of assignee, team, { agentId }, { teamId }',
    ],
    [
      'how',
      { targets: act({ do: 'notify', who: 'team', how: 'soon' }) },
      `${action}/how`,
      'must be one of now, digest, list',
    ],
    [
      'a priority',
      { targets: act({ do: 'priority', to: 'top' }) },
      `${action}/to`,
      'must be one of low, normal, high, urgent, up',
    ],
    [
      'an agent',
      { targets: act({ do: 'assign', agentId: 'x' }) },
      `${action}/agentId`,
      'there is no active agent "x"',
    ],
    [
      'a team',
      { targets: act({ do: 'notify', who: { teamId: 'x' } }) },
      `${action}/who/teamId`,
      'there is no team "x"',
    ],
    [
      'an action of a plugin',
      { targets: act({ do: 'action', name: 'hotel.ring' }) },
      `${action}/name`,
      'no plugin offers "hotel.ring"; none offers any',
    ],
    [
      'what holds it up',
      { byPriority: { high: [{ ...targets[0], pauseWhile: ['lunch'] }] } },
      'byPriority/high/0/pauseWhile',
      /neither a status/,
    ],
  ]
  for (const [title, more, field, message] of wrong)
    await t.test(`${title} that is unknown`, async (t) => {
      const one = { ...good, ...more }
      const saved = await app.call('POST', policies, one)
      t.match(saved, {
        status: 400,
        body: { code: 'invalid_request', errors: [{ field: `body/${field}`, message }] },
      })
      const tried = await app.call('POST', '/api/plugins/sla/simulate', { days: 7, policies: [good, one] })
      t.match(tried, { status: 400, body: { errors: [{ field: `body/policies/1/${field}`, message }] } })
      t.equal(saved.body.errors.length, 1)
    })

  await t.test('what is left out has the same defaults when it is tried', async (t) => {
    const body = { days: 7, policies: [good] }
    t.equal((await ok('POST', '/api/plugins/sla/simulate', body)).tickets, 0)
    t.match(await policy(good), { enabled: true, when: {} })
    const { items } = await ok('GET', policies)
    t.equal(
      (await ok('POST', '/api/plugins/sla/simulate', { days: 7, policies: items })).tickets,
      0,
      'as listed',
    )
  })

  await t.test('a policy that names what is gone can still be switched off', async (t) => {
    const segments = (value: object) => ok('PATCH', '/api/settings', { 'sla.segments': value })
    await segments({ gold: ['ann@guest.example'] })
    const { id, version } = await policy({ ...good, name: 'Gold', when: { segments: ['gold'] } })
    await segments({ silver: ['ann@guest.example'] })
    const change = (body: object) => app.call('PATCH', `${policies}/${id}`, { version, ...body })
    t.match(await change({ when: { segments: ['gold'] } }), {
      status: 400,
      body: { errors: [{ message: 'there is no "gold"; there are: silver' }] },
    })
    t.match(await change({ enabled: false }), { status: 200, body: { enabled: false } })
  })
})
