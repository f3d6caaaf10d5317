// The desk's own things over REST: logging in, inboxes, teams, agents, roles, settings, intakes, jobs, health.
import t from 'tap'
import { closePglite, testApp } from '../../src/testing/index.js'
import { mail } from '../support/mails.js'

t.teardown(closePglite)

for (const database of ['sqlite', 'postgres'] as const)
  t.test(`the desk over REST (${database})`, async (t) => {
    const app = await testApp(t, { database })
    const role = async (name: string) =>
      (await app.call('GET', '/api/roles')).body.items.find((r: { name: string }) => r.name === name).id

    await t.test('an agent is made, logs in, is switched off and is out at once', async (t) => {
      const body = {
        name: 'Mia',
        email: 'Mia@Desk.example',
        roleId: await role('agent'),
        password: 'correct horse battery',
      }
      const made = await app.call('POST', '/api/agents', body)
      t.match(made, { status: 201, body: { email: 'mia@desk.example', active: true } })
      t.notMatch(JSON.stringify(made.body), /scrypt|password/i)
      t.match(await app.call('POST', '/api/agents', body), {
        status: 409,
        body: { errors: [{ field: 'body/email' }] },
      })
      const login = { email: 'mia@desk.example', password: 'correct horse battery' }
      const session = await app.call('POST', '/api/session', login, { token: null })
      t.match(session, { status: 201, body: { token: /^fd_/ } })
      const { token } = session.body
      t.match(await app.call('GET', '/api/me', undefined, { token }), { body: { name: 'Mia', inboxIds: [] } })
      t.match(await app.call('PATCH', `/api/agents/${made.body.id}`, { active: false }), {
        body: { active: false },
      })
      t.equal((await app.call('GET', '/api/me', undefined, { token })).status, 401)
      t.equal((await app.call('POST', '/api/session', login, { token: null })).status, 401)
    })

    await t.test('a team opens its inboxes to its agents', async (t) => {
      const agent = await app.agent('agent')
      const token = agent.token
      t.equal((await app.call('GET', '/api/inboxes', undefined, { token })).body.items.length, 0)
      const team = { name: 'Front', agentIds: [agent.id], inboxIds: [app.inbox.id] }
      t.match(await app.call('POST', '/api/teams', team), { status: 201, body: team })
      t.equal((await app.call('GET', '/api/inboxes', undefined, { token })).body.items.length, 1)
      t.match(await app.call('POST', '/api/teams', { ...team, name: 'Other', agentIds: ['x'] }), {
        status: 422,
      })
    })

    await t.test('a role holds permissions that exist; the administrator’s own stays', async (t) => {
      const made = await app.call('POST', '/api/roles', {
        name: 'auditor',
        permissions: ['intakes:read'],
        allInboxes: true,
      })
      t.equal(made.status, 201)
      t.match(await app.call('POST', '/api/roles', { name: 'x', permissions: ['cook'], allInboxes: true }), {
        status: 422,
      })
      t.match(await app.call('PATCH', `/api/roles/${await role('admin')}`, { permissions: [] }), {
        status: 409,
      })
      t.match(await app.call('PATCH', `/api/roles/${made.body.id}`, { allInboxes: false }), {
        body: { allInboxes: false },
      })
    })

    await t.test('a setting is checked, kept, and put back to its default', async (t) => {
      t.match(await app.call('PATCH', '/api/settings', { 'replies.undoSeconds': 5000 }), {
        status: 422,
        body: { code: 'setting_invalid', errors: [{ field: 'body/replies.undoSeconds' }] },
      })
      const value = (response: { body: { items: { key: string; value: unknown }[] } }) =>
        response.body.items.find(({ key }) => key === 'replies.undoSeconds')?.value
      t.equal(value(await app.call('PATCH', '/api/settings', { 'replies.undoSeconds': 30 })), 30)
      t.equal(value(await app.call('PATCH', '/api/settings', { 'replies.undoSeconds': null })), 10)
      t.match(await app.call('PATCH', '/api/settings', { cook: 1 }), { status: 422 })
    })

    await t.test('mail to an inbox that does not exist waits in quarantine until it does', async (t) => {
      const intake = await app.mail(mail({ to: 'late@desk.example' }), 'late@desk.example')
      t.match(intake, { state: 'quarantined', reason: /no inbox late@desk\.example/ })
      const url = `/api/intakes/${intake.id}`
      t.match((await app.call('GET', '/api/intakes?state=quarantined')).body.items, [{ id: intake.id }])
      const dry = await app.call('POST', `${url}/replay`, { dryRun: true })
      t.match(dry.body, {
        would: { outcome: 'quarantine', message: { subject: 'Cold shower' } },
        intake: { state: 'quarantined' },
      })
      t.equal((await app.call('POST', '/api/inboxes', { address: 'late@desk.example' })).status, 201)
      t.match((await app.call('POST', `${url}/replay`, { dryRun: true })).body.would, { outcome: 'store' })
      t.match((await app.call('POST', `${url}/replay`, {})).body.intake, { state: 'received' })
      await app.runJobs()
      const after = (await app.call('GET', url)).body
      t.equal(after.state, 'opened')
      t.match(
        after.trace.map(({ step }: { step: string }) => step),
        ['normalise', 'thread', 'end'],
      )
      t.match(await app.call('POST', `${url}/replay`, {}), { status: 409, body: { code: 'wrong_state' } })
      t.match((await app.call('GET', `${url}/raw`)).body, /^From: Ann[\s\S]*It stays cold\.\r\n$/)
    })

    await t.test('a dead job is shown and can be tried again', async (t) => {
      const { body } = await app.call('GET', '/api/jobs?state=waiting')
      t.ok(
        body.items.some(({ name }: { name: string }) => name === 'housekeeping') || body.items.length === 0,
      )
      t.match(await app.call('POST', '/api/jobs/nothing/retry'), { status: 404 })
    })

    await t.test('health says what it looked at', async (t) => {
      t.match(await app.call('GET', '/api/health/live', undefined, { token: null }), { status: 200 })
      const ready = await app.call('GET', '/api/health/ready', undefined, { token: null })
      t.match(ready, {
        status: 200,
        body: { ok: true, checks: { database: { ok: true }, spool: { ok: true }, jobs: { ok: true } } },
      })
    })
  })
