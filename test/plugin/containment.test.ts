// A bad plugin: it throws, hangs, floods the log. Mail goes on, the failure carries its name, and there is a way back.
import t from 'tap'
import { SECOND } from '../../src/clock.js'
import { limitLog } from '../../src/plugin/flood.js'
import { createTicket, Rejection, receiveMessage, ticketCreated } from '../../src/plugin/index.js'
import { manualClock, testApp } from '../../src/testing/index.js'
import { bad, handler, mail, settled } from '../support/bad-plugin.js'

for (const [what, misdeed] of [
  ['throws', () => Promise.reject(new Error('broken'))],
  ['never answers', () => new Promise<undefined>(() => {})],
  [
    'is too slow',
    () => {
      const until = performance.now() + 60
      while (performance.now() < until);
      return undefined
    },
  ],
] as const)
  t.test(
    `an intake filter that ${what} is switched off after three failures, and every mail is stored`,
    async (t) => {
      const app = await testApp(t, {
        plugins: [bad((it) => it.filter(receiveMessage, 'judge', misdeed as never, { budgetMs: 30 }))],
      })
      for (let n = 0; n < 4; n++) await app.mail(mail(n))
      t.same(await settled(app), ['opened', 'opened', 'opened', 'opened'])
      const state = await handler(app, 'filter receiveMessage/judge')
      t.match(state, { failures: 3, off: /3 failures in a row/ })
      const { body } = await app.call('GET', '/api/health/ready')
      t.match(body, {
        ok: true,
        checks: { 'plugin bad': { detail: /filter receiveMessage\/judge is switched off/ } },
      })
      t.match((await app.call('GET', '/api/plugins/bad/doctor')).body, { ok: false })
      const on = { handler: 'filter receiveMessage/judge' }
      t.equal((await app.call('POST', '/api/plugins/bad/handlers/on', on)).status, 204)
      t.equal((await handler(app, on.handler)).off, null, 'a person has put it on again')
    },
  )

t.test('a switched-off filter stays off after a restart, until somebody puts it on', async (t) => {
  const plugins = [bad((it) => it.filter(createTicket, 'x', () => Promise.reject(new Error('broken'))))]
  const app = await testApp(t, { plugins })
  const create = () =>
    app.call('POST', '/api/tickets', {
      subject: 'hello',
      inboxId: app.inbox.id,
      requester: { name: 'Ann', address: 'ann@guest.example' },
    })
  for (let n = 0; n < 3; n++)
    t.match((await create()).body, {
      code: 'plugin_failed',
      detail: /filter createTicket\/x of the plugin "bad"/,
    })
  t.equal((await create()).status, 201)
  const [row] = await app.db.select().from(app.db.t.pluginFaults)
  t.match(row, { plugin: 'bad', handler: 'filter createTicket/x', off: true })
})

t.test(
  'an event handler and a job that always fail die visibly or are parked, and nothing waits for them',
  async (t) => {
    const app = await testApp(t, {
      plugins: [
        bad((it) => it.on(ticketCreated, 'boom', () => Promise.reject(new Error('broken')), { attempts: 2 })),
      ],
    })
    for (let n = 0; n < 12; n++) t.equal((await app.mail(mail(n))).state, 'opened')
    await settled(app, 3)
    const state = await handler(app, 'on ticketCreated/boom')
    t.match(state.off, /10 failures in a row/)
    const { body } = await app.call('GET', '/api/plugins/bad')
    t.ok(
      body.jobs.some((job: { state: string }) => job.state === 'parked'),
      'what is left is parked, not lost',
    )
    await app.call('POST', '/api/plugins/bad/handlers/on', { handler: 'on ticketCreated/boom' })
    const after = (await app.call('GET', '/api/plugins/bad')).body.jobs
    t.notOk(
      after.some((job: { state: string }) => job.state === 'parked'),
      'put on again, it gets its jobs back',
    )
  },
)

t.test('process.exit() in a handler is an error of that handler', async (t) => {
  const app = await testApp(t, {
    plugins: [bad((it) => it.on(ticketCreated, 'leave', async () => process.exit(0)))],
  })
  t.equal((await app.mail(mail(1))).state, 'opened')
  t.match(await handler(app, 'on ticketCreated/leave'), {
    failures: 1,
    lastError: /process\.exit\(0\) was called/,
  })
})

t.test('a log flood is cut off, saying how much was dropped', (t) => {
  const lines: string[] = []
  const log = limitLog(
    {
      debug: () => {},
      info: (_details, message) => lines.push(message),
      warn: (_details, message) => lines.push(message),
      error: () => {},
    },
    { lines: 5, perMs: 10 * SECOND, clock: manualClock() },
  )
  for (let n = 0; n < 1000; n++) log.info({}, `line ${n}`)
  t.equal(lines.length, 5)
  t.end()
})

t.test('a veto of an intake filter puts the mail into quarantine, with its reason', async (t) => {
  const app = await testApp(t, {
    plugins: [
      bad((it) =>
        it.filter(receiveMessage, 'no', () => {
          throw new Rejection('not on Sundays')
        }),
      ),
    ],
  })
  t.match(await app.mail(mail(1)), { state: 'quarantined', reason: /not on Sundays/ })
})
