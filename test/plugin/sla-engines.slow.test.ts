// Service levels on the clock of the world: warning, breach and answer come out the same on both engines and both
// databases, each once.
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import sla from '../../plugins/sla/index.js'
import { createApp } from '../../src/app/app.js'
import { createLog } from '../../src/app/log.js'
import { ROOT } from '../../src/app/root.js'
import { DAY, newId } from '../../src/clock.js'
import { readConfig } from '../../src/config.js'
import { createToken } from '../../src/people/tokens.js'
import { createInbox } from '../../src/tickets/inboxes.js'
import { folder, until } from '../support/databases.js'
import { schema, WITHOUT_SERVER } from '../support/postgres.js'
import { noRedis, ownRedis } from '../support/redis.js'

const REDIS = { REDIS: true } as const
const combinations: [name: string, skip: false | string, needs: { REDIS?: true; POSTGRES?: true }][] = [
  ['local on SQLite', false, {}],
  ['bullmq on SQLite', noRedis, REDIS],
  ['local on PostgreSQL', WITHOUT_SERVER, { POSTGRES: true }],
  ['bullmq on PostgreSQL', noRedis || WITHOUT_SERVER, { ...REDIS, POSTGRES: true }],
]

async function desk(t: Test, env: Record<string, string>) {
  const config = readConfig(
    { FRONTDESK_DATA: folder(t), FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'silent', ...env },
    ROOT,
  )
  const app = await createApp({ config, log: createLog('silent'), plugins: [sla] })
  t.teardown(() => app.stop())
  await app.start()
  const { token, inboxId } = await app.db.transaction(async (tx) => {
    const { agents, roles } = tx.t
    const [role] = await tx.select().from(roles).where(eq(roles.name, 'admin'))
    const row = { id: newId(), name: 'Admin', email: 'admin@desk.example', passwordHash: null, active: true }
    await tx.insert(agents).values({ ...row, roleId: role!.id, createdAt: tx.now })
    const { token } = await createToken(tx, { agentId: row.id, name: 'test', kind: 'token', lifeMs: DAY })
    return { token, inboxId: (await createInbox(tx, { address: 'support@desk.example' })).id }
  })
  async function ok(method: 'GET' | 'POST', url: string, payload?: object) {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await app.http.app.inject({ method, url, headers, ...(payload && { payload }) })
    if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.body}`)
    return answer.json()
  }
  return { ok, inboxId }
}

for (const [name, skip, needs] of combinations)
  t.test(name, { skip }, async (t) => {
    const { ok, inboxId } = await desk(t, {
      ...(needs.REDIS && { REDIS_URL: (await ownRedis(t)).url }),
      ...(needs.POSTGRES && { DATABASE_URL: await schema(t) }),
    })
    const hours = { mon: [['09:00', '17:00']] }
    const calendar = await ok('POST', '/api/plugins/sla/calendars', {
      name: 'Office',
      definition: { timeZone: 'Europe/Berlin', hours },
    })
    const steps = [
      { name: 'soon', at: '-0.03 minutes', actions: [{ do: 'tag', tag: 'soon' }] },
      { name: 'missed', at: '0 minutes', actions: [{ do: 'priority', to: 'up' }] },
    ]
    await ok('POST', '/api/plugins/sla/policies', {
      name: 'All',
      calendarId: calendar.id,
      targets: [{ metric: 'first_response', within: '0.06 minutes', steps }],
    })
    const open = (subject: string) =>
      ok('POST', '/api/tickets', {
        subject,
        inboxId,
        requester: { name: 'Ann', address: 'ann@guest.example' },
      })
    const late = await open('late')
    const answered = await open('answered')
    await ok('POST', `/api/tickets/${answered.id}/replies`, { text: 'Here we are.' })
    const timersOf = async (id: string) => (await ok('GET', `/api/plugins/sla/tickets/${id}`)).timers
    t.ok(await until(async () => (await ok('GET', `/api/tickets/${late.id}`)).priority === 'high', 30_000))

    const [missed] = await timersOf(late.id)
    t.equal(missed.state, 'breached')
    t.equal(Date.parse(missed.breachedAt) - Date.parse(missed.startedAt), 3600, 'the deadline itself')
    t.same(
      missed.steps.map(({ name, at }: { name: string; at: string }) => [name, Date.parse(at)]),
      [
        ['soon', Date.parse(missed.dueAt) - 1800],
        ['missed', Date.parse(missed.dueAt)],
      ],
    )
    const ticket = await ok('GET', `/api/tickets/${late.id}`)
    t.same(ticket.tags, ['soon'])
    t.equal(ticket.fields['sla.state'], 'breached')
    t.match(await timersOf(answered.id), [{ state: 'met', steps: [] }])
    t.same((await ok('GET', `/api/tickets/${answered.id}`)).tags, [])
  })
