// Reports on a real desk: what is counted, when, and which tickets stand behind it.

import { and, sql } from 'drizzle-orm'
import { DAY, HOUR, type Plugin } from 'frontdesk/plugin'
import { eachDatabase, testApp } from 'frontdesk/testing'
import t from 'tap'
import type { App } from '../app.js'
import plugin from '../index.js'
import { berlin, slaDesk } from '../test-kit.js'
import { csvLine } from './csv.js'
import { filterOf } from './query.js'
import { slicesOf } from './slices.js'
import { byBusiness, within } from './statements.js'
import { percentile } from './tally.js'
import { timersWithin } from './timers.js'

const api = '/api/plugins/sla/report'

eachDatabase(t, async (t, database) => {
  const desk = await slaDesk(t, { database })
  const { at, ok, app } = desk
  const { id: calendarId } = await desk.calendar()
  const policy = await desk.policy({
    name: '=Everybody, "always"',
    calendarId,
    targets: [{ metric: 'first_response', within: '2 business hours' }],
  })
  await at('02 10:00')
  const met = await desk.mail('In time')
  const missed = await desk.mail('Late')
  const spam = await desk.mail('Spam')
  const solved = await desk.mail('Not needed')
  await at('02 11:00')
  await desk.answer(met)
  await desk.change(spam, { tags: ['spam'] })
  await desk.change(solved, { status: 'solved' })
  await at('03 10:00')
  await desk.answer(missed)
  const running = await desk.mail('New')
  await at('03 10:30')

  const march = `from=${berlin('01 00:00')}&to=${berlin('31 00:00')}`
  const [line, ...more] = (await ok('GET', `${api}?${march}`)).items
  t.same(more, [])
  t.match(line, {
    metric: 'first_response',
    timers: 5,
    met: 1,
    missed: 1,
    stopped: 1,
    cancelled: 1,
    running: 1,
  })
  t.equal(line.shareMet, 0.5)
  t.same(line.businessMs, { median: HOUR, p90: 8 * HOUR })
  t.same(line.wallMs, { median: HOUR, p90: DAY })

  const listed = async (url: string) =>
    (await ok('GET', url)).items.map((one: { ticketId: string }) => one.ticketId)
  t.same(await listed(`${line.timersUrl}&outcome=missed`), [missed])
  t.same(await listed(`${line.timersUrl}&outcome=cancelled`), [spam])
  t.same(await listed(`${line.timersUrl}&outcome=running`), [running])
  const pages: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await ok('GET', `${line.timersUrl}&limit=2${cursor && `&cursor=${cursor}`}`)
    pages.push(...page.items.map((one: { ticketId: string }) => one.ticketId))
    cursor = page.nextCursor
  }
  t.same(pages.toSorted(), [met, missed, spam, solved, running].toSorted(), 'each once')

  const days = (await ok('GET', `${api}?${march}&group=policy,agent&period=day&zone=Europe/Berlin`)).items
  t.match(days[0], {
    period: '2026-03-02',
    from: berlin('02 00:00'),
    to: berlin('03 00:00'),
    groups: { policy: { id: policy.id, name: '=Everybody, "always"' } },
  })
  t.equal(
    days.reduce((sum: number, { timers }: { timers: number }) => sum + timers, 0),
    5,
  )
  for (const day of days) t.equal((await listed(day.timersUrl)).length, day.timers, day.period)

  await desk.app.call('PATCH', `/api/plugins/sla/policies/${policy.id}`, {
    version: policy.version,
    enabled: false,
  })
  await app.runJobs()
  t.match((await ok('GET', `${api}?${march}`)).items[0], { met: 1, missed: 1, running: 0, cancelled: 2 })

  const file = await app.call('GET', `${api}/csv?${march}&group=policy`)
  t.match(file.headers['content-type'], /^text\/csv/)
  t.match(String(file.body), /^metric,.*\r\nfirst_response,.*,"'=Everybody, ""always""",/)
  const timers = await app.call('GET', `${api}/timers/csv?${march}`)
  t.equal(String(timers.body).split('\r\n').length, 7)

  for (const wrong of [
    'from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z',
    `${march}&zone=Mars/Base`,
    `${march}&group=mood`,
    'from=2026-01-01T00:00:00Z&to=2027-06-01T00:00:00Z',
  ])
    t.equal((await app.call('GET', `${api}?${wrong}`)).status, 400, wrong)
  const agent = await app.agent('agent')
  t.equal((await app.call('GET', `${api}?${march}`, undefined, agent)).status, 403)
})

t.test('only timers of tickets that the caller may see are listed', async (t) => {
  const desk = await slaDesk(t)
  const { app, ok } = desk
  const { id: calendarId } = await desk.calendar()
  await desk.policy({
    name: 'All',
    calendarId,
    targets: [{ metric: 'resolution', within: '1 business hour' }],
  })
  await desk.mail()
  await ok('POST', '/api/roles', { name: 'reporter', permissions: ['sla:report'], allInboxes: false })
  const other = await app.addInbox('other@desk.example', 'other')
  const reporter = await app.agent('reporter', [other])
  const time = `from=${berlin('01 00:00')}&to=${berlin('31 00:00')}`
  t.equal((await app.call('GET', `${api}?${time}`, undefined, reporter)).body.items[0].timers, 1)
  t.same((await app.call('GET', `${api}/timers?${time}`, undefined, reporter)).body.items, [])
})

eachDatabase(t, async (t, database) => {
  let own: App | undefined
  const caught: Plugin = {
    ...plugin,
    setup(app: never) {
      own = app
      return plugin.setup(app)
    },
  }
  const desk = await testApp(t, { database, plugins: [caught] })
  const { db, tables } = own!
  const begin = Date.parse('2026-01-01T00:00:00Z')
  const row = (i: number): (typeof tables)['timers']['$inferInsert'] => ({
    ...{ ticketId: `t${i}`, metric: 'resolution', cycle: 0, number: i, targetMs: HOUR, deadline: 1 },
    ...{ state: 'met', outcome: 'met', open: false, consumedMs: i * 1000, inboxId: 'i', channel: 'email' },
    startedAt: new Date(begin + i * HOUR),
    stoppedAt: new Date(begin + i * HOUR + i * 1000),
    countedAt: new Date(begin + i * HOUR + i * 1000),
  })
  for (let i = 0; i < 4000; i += 500)
    await db.transaction(async (tx) => {
      await tx.insert(tables.timers).values(Array.from({ length: 500 }, (_, j) => row(i + j)))
    })
  await desk.db.transaction((tx) => tx.exec(sql`analyze`))
  const span = { from: begin + 3000 * HOUR, to: begin + 3006 * HOUR }
  const where = and(within(tables.timers, span), filterOf(tables, { from: '', to: '', metric: 'resolution' }))
  const explain = sql.raw(db.dialect.name === 'sqlite' ? 'explain query plan' : 'explain')
  for (const query of [
    byBusiness(db, tables.timers, ['team'], where),
    timersWithin(own!, { from: '', to: '' }, span),
  ]) {
    const plan = await desk.db.rows(sql`${explain} ${query.getSQL()}`)
    t.match(JSON.stringify(plan), /sla_timers_by_counted/)
  }
  const year = 'from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z'
  const { body: answer } = await desk.call('GET', `${api}?${year}&period=month`)
  t.equal(
    answer.items.reduce((sum: number, { met }: { met: number }) => sum + met, 0),
    4000,
  )
  t.equal(answer.items[0].businessMs.median, 371_000, 'of 0 to 744 seconds, in steps of a second')
})

t.test('slices keep to the days of a zone, on the days of a change too', async (t) => {
  const span = { from: Date.parse('2026-03-28T12:00:00Z'), to: Date.parse('2026-03-30T12:00:00Z') }
  const slices = slicesOf(span, 'Europe/Berlin', 'week')
  t.equal(slices[0]!.from, span.from)
  t.equal(slices.at(-1)!.to, span.to)
  t.ok(slices.every(({ from }, i) => i === 0 || from === slices[i - 1]!.to))
  t.equal(slices.find(({ period }) => period === '2026-W14')!.from, Date.parse('2026-03-29T22:00:00Z'))
})

t.test('cells are quoted and guarded, and percentiles have the nearest rank', async (t) => {
  t.equal(csvLine(['=1+1', '@x', 'a,"b"', -1, null]), `'=1+1,'@x,"a,""b""",-1,\r\n`)
  t.equal(
    percentile(
      new Map([
        [3, 1],
        [1, 8],
        [2, 1],
      ]),
      0.9,
    ),
    2,
  )
  t.equal(percentile(new Map(), 0.5), null)
})
