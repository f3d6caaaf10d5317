// Feeds, files and the turn of a year. Feeds come from memory; how they are fetched: net/fetch.test.ts.
import { DAY, HOUR } from 'frontdesk/plugin'
import type { Test } from 'tap'
import { BASE, berlin, type Desk, feedOf, ics } from './desk.js'

const url = 'https://hotel.example/closed.ics'
const withFeed = { ...berlin, feed: { url } }
const day = (date: string, more = '') =>
  `DTSTART;VALUE=DATE:${date.replaceAll('-', '')}\nSUMMARY:Party${more}`
const holidays = (calendar: { holidays: { date: string }[] }) => calendar.holidays.map(({ date }) => date)

/** A feed is read when the calendar is made, then every six hours; only what differs makes a version. */
export async function reading(t: Test, desk: Desk): Promise<void> {
  const { app, create, read, asked, answer, recurring, told } = desk
  answer(feedOf(ics(day('2026-03-10')), '"1"'))
  const { id } = await create('Berlin', withFeed)
  await app.runJobs({ twice: true })
  t.same(holidays(await read(id)), ['2026-03-10'])
  t.match(await read(id), { version: 2, agentId: null, feedCheckedAt: '2026-03-03T09:00:00.000Z' })
  t.same(asked[0], { url, known: undefined })
  t.same(
    asked[1]!.known,
    { etag: '"1"', lastModified: null },
    'a job that comes twice asks with what it knows',
  )

  await recurring('feeds')
  t.equal(asked.length, 2, 'not yet')
  app.clock.advance(7 * HOUR)
  answer(feedOf(ics(day('2026-03-10', ' of ours'), day('2026-03-01')), '"2"'))
  await recurring('feeds')
  t.same(holidays(await read(id)), ['2026-03-10'])
  t.match(await read(id), { version: 3 }, 'another name is a difference')
  app.clock.advance(7 * HOUR)
  answer(feedOf(ics(day('2026-03-10', ' of ours'), day('2026-03-02')), '"3"'))
  await recurring('feeds')
  answer({ kind: 'unchanged' })
  app.clock.advance(7 * HOUR)
  await recurring('feeds')
  t.match(await read(id), { version: 3, feedCheckedAt: '2026-03-04T06:00:00.000Z' }, 'the past makes none')
  t.equal(told.length, 3)
}

/** A feed that fails keeps its days, says why, and tells administrators after a day. */
export async function failing(t: Test, desk: Desk): Promise<void> {
  const { app, create, read, answer, recurring, asked } = desk
  const notices = async () => (await app.call('GET', '/api/plugins/sla')).body.notices
  answer(feedOf(ics(day('2026-03-10'))))
  const { id } = await create('Berlin', withFeed)
  await app.runJobs()
  answer({ kind: 'failed', reason: 'It answered 500.' })
  const refreshed = await app.call('POST', `${BASE}/${id}/refresh`)
  t.match(refreshed, { status: 200, body: { version: 2, feedError: 'It answered 500.' } })
  t.same(await notices(), [])
  const ready = await app.call('GET', '/api/health/ready')
  t.match(JSON.stringify(ready.body), /1 of 1 feeds of calendars cannot be read: Berlin/)

  answer(feedOf('<html>Log in</html>'))
  app.clock.advance(2 * HOUR)
  await recurring('feeds')
  t.equal(asked.length, 3, 'sooner than one that works')
  t.match(await read(id), { version: 2, feedError: /does not begin with BEGIN:VCALENDAR/ })
  answer(feedOf(ics('DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20400101')))
  app.clock.advance(DAY)
  await recurring('feeds')
  t.match(await read(id), {
    version: 2,
    feedError: /would close every day/,
    holidays: [{ date: '2026-03-10' }],
  })
  t.match(await notices(), [
    { level: 'warning', text: /The feed of the calendar "Berlin" cannot be read since/ },
  ])

  answer(feedOf(ics(day('2026-03-11', '\u0000!'))))
  await app.call('POST', `${BASE}/${id}/refresh`)
  t.match(await read(id), { version: 3, feedError: null, holidays: [{ date: '2026-03-11' }] })
  t.same(await notices(), [])
}

/** Another URL forgets the old feed; none ends it. */
export async function replacing(t: Test, desk: Desk): Promise<void> {
  const { app, create, read, answer, asked } = desk
  answer(feedOf(ics(day('2026-03-10')), '"1"'))
  const { id } = await create('Berlin', withFeed)
  await app.runJobs()
  const patch = async (definition: object) => {
    const { version } = await read(id)
    await app.call('PATCH', `${BASE}/${id}`, { version, definition })
    await app.runJobs()
  }
  await patch({ ...withFeed, holidays: [{ date: '2026-03-12' }] })
  t.same(holidays(await read(id)), ['2026-03-10', '2026-03-12'], 'the feed is still known')
  t.equal(asked.length, 1)
  answer(feedOf(ics(day('2026-03-20'))))
  await patch({ ...berlin, feed: { url: `${url}?2` } })
  t.same(asked[1], { url: `${url}?2`, known: undefined })
  t.same(holidays(await read(id)), ['2026-03-20'])
  await patch(berlin)
  t.match(await read(id), { holidays: [], feedCheckedAt: null })
  t.match(await app.call('POST', `${BASE}/${id}/refresh`), { status: 409, body: { code: 'wrong_state' } })
}

/** A file is uploaded, replaced and taken away. */
export async function uploading(t: Test, desk: Desk): Promise<void> {
  const { app, create, read } = desk
  const { id } = await create('Berlin')
  const upload = (text: string, more = {}) => app.call('POST', `${BASE}/${id}/ical`, { text, ...more })
  const text = ics(
    day('2026-03-10'),
    `${day('2026-03-11')}\nTRANSP:TRANSPARENT`,
    'DTSTART:20260305T100000\nDTEND:20260305T110000',
  )
  const { body } = await upload(text)
  t.match(body, { version: 2, read: { events: 3, dates: 1, breaks: 1, cancelled: 0, free: 1 } })
  t.match((await upload(text)).body, { version: 2 }, 'the same file')
  t.match(await upload('nonsense'), { status: 400, body: { errors: [{ field: 'body/text' }] } })
  t.match(await upload(ics('DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20400101')), { status: 400 })
  t.match((await upload(text, { includeFree: true })).body, { version: 3, read: { dates: 2, free: 0 } })
  const shown = await read(id)
  t.same(holidays(shown), ['2026-03-10', '2026-03-11'])
  t.same(shown.days[2].windows, [
    ['09:00', '10:00'],
    ['11:00', '17:00'],
  ])
  t.match(await app.call('DELETE', `${BASE}/${id}/ical`), { status: 200, body: { version: 4 } })
  t.same(holidays(await read(id)), [])
  t.match(await app.call('POST', `${BASE}/${id}/ical`, {}), { status: 400 })
}

/** At the turn of a year one more year comes into sight; the past stays as it was. */
export async function rolling(t: Test, desk: Desk): Promise<void> {
  const { app, create, read, recurring } = desk
  const { id } = await create('Berlin', { ...berlin, publicHolidays: { country: 'DE', region: 'BE' } })
  const plain = await create('Plain')
  await app.call('POST', `${BASE}/${plain.id}/ical`, {
    text: ics(`${day('2020-05-05')}\nRRULE:FREQ=YEARLY`),
  })
  const hours = async (version: number) =>
    (await app.call('GET', `${BASE}/${id}/versions/${version}`)).body.hours.closed
  await recurring('roll')
  t.match(await read(id), { version: 1 }, 'nothing new')
  t.notOk('2031-01-01' in (await hours(1)))
  app.clock.set('2027-01-01T09:00:00.000Z')
  await recurring('roll')
  t.match(await read(id), { version: 2, agentId: null, at: '2027-01-01T09:00:00.000Z' })
  const before: Record<string, string> = await hours(1)
  const after = await hours(2)
  t.ok('2031-12-25' in after)
  t.notOk('2024-12-25' in after, 'forgotten')
  const kept = Object.entries(before).filter(([date]) => date >= '2025')
  t.match(after, Object.fromEntries(kept))
  t.match(await read(plain.id), { version: 3 })
  await recurring('roll')
  t.match(await read(id), { version: 2 })
}

/** A preview reads the feed at once. */
export async function trying(t: Test, desk: Desk): Promise<void> {
  const { app, answer } = desk
  const check = () => app.call('POST', `${BASE}/check`, { definition: withFeed })
  answer(feedOf(ics(day('2026-03-10'))))
  t.match((await check()).body, { feedError: null, holidays: [{ date: '2026-03-10', name: 'Party' }] })
  answer({ kind: 'failed', reason: 'It answered 404.' })
  t.match((await check()).body, { feedError: 'It answered 404.', holidays: [] })
  answer(feedOf('nonsense'))
  t.match(await check(), { status: 400, body: { errors: [{ field: 'body/definition/feed' }] } })
}
