// What people do with calendars through the API.
import { DAY } from 'frontdesk/plugin'
import type { Test } from 'tap'
import { BASE, berlin, type Desk } from './desk.js'

/** A calendar is made, read, listed, and refused with the place of its mistakes. */
export async function creating(t: Test, desk: Desk): Promise<void> {
  const { app, create, read, told } = desk
  const made = await create('Berlin', {
    ...berlin,
    holidays: [{ date: '2026-03-04', name: 'Trip' }, { date: '12-25' }],
    publicHolidays: { country: 'DE', region: 'BE' },
    breaks: { '2026-03-05': [['12:00', '13:00']] },
  })
  t.match(made, { name: 'Berlin', version: 1, at: '2026-03-03T09:00:00.000Z', feedError: null })
  t.same(told, [`${made.id} 1`])
  const shown = await read(made.id)
  t.same(shown.definition, made.definition)
  t.same(shown.usedBy, [])
  t.same(shown.days.slice(0, 3), [
    { date: '2026-03-03', holiday: null, windows: [['09:00', '17:00']] },
    { date: '2026-03-04', holiday: 'Trip', windows: [] },
    {
      date: '2026-03-05',
      holiday: null,
      windows: [
        ['09:00', '12:00'],
        ['13:00', '17:00'],
      ],
    },
  ])
  t.equal(shown.days.length, 14)
  t.match(shown.holidays, [{ name: 'Trip' }, { date: '2026-03-08', name: 'Internationaler Frauentag' }])
  const list = await app.call('GET', BASE)
  t.same(
    list.body.items.map(({ name }: { name: string }) => name),
    ['Berlin'],
  )

  const twice = await app.call('POST', BASE, { name: 'Berlin', definition: berlin })
  t.match(twice, { status: 409, body: { code: 'already_exists' } })
  const refused = async (definition: object, field: string) => {
    const { status, body } = await app.call('POST', BASE, { name: 'Bad', definition })
    t.equal(status, 400)
    t.equal(body.errors[0].field, field)
    return body.errors[0].message
  }
  t.match(await refused({ ...berlin, timeZone: 'Nowhere' }, 'body/definition/timeZone'), /IANA/)
  t.match(
    await refused({ ...berlin, hours: { mon: [['22:00', '06:00']] } }, 'body/definition/hours/mon/0'),
    /two windows/,
  )
  t.match(
    await refused({ ...berlin, hours: {} }, 'body/definition/hours'),
    /no open window in the next two years/,
  )
  const closed = Array.from({ length: 31 * 12 }, (_, index) => ({
    date: `${String((index % 12) + 1).padStart(2, '0')}-${String(Math.floor(index / 12) + 1).padStart(2, '0')}`,
  })).filter(({ date }) => !/^(02-3\d|(04|06|09|11)-31)$/.test(date))
  await refused({ ...berlin, holidays: closed }, 'body/definition/hours')
  t.equal(
    (await app.call('POST', BASE, { name: 'Bad', definition: { ...berlin, hours: { moon: [] } } })).status,
    400,
  )
  t.equal((await app.call('GET', `${BASE}/nothing`)).status, 404)
}

/** An edit makes a version; the same definition, a name and a conflict make none. */
export async function editing(t: Test, desk: Desk): Promise<void> {
  const { app, create, told } = desk
  const { id } = await create('Berlin')
  const patch = (body: object) => app.call('PATCH', `${BASE}/${id}`, body)
  app.clock.advance(DAY)
  const later = { ...berlin, hours: { mon: [['10:00', '24:00']] } }
  t.match(await patch({ version: 1, definition: later, name: 'Hauptstadt' }), {
    status: 200,
    body: { version: 2, name: 'Hauptstadt', at: '2026-03-04T09:00:00.000Z' },
  })
  t.match(await patch({ version: 1, name: 'Lost' }), {
    status: 409,
    body: { code: 'version_conflict', current: { version: 2, name: 'Hauptstadt' } },
  })
  t.match(await patch({ version: 2, definition: later }), { status: 200, body: { version: 2 } })
  t.match(await patch({ version: 2, name: 'Berlin' }), {
    status: 200,
    body: { version: 2, name: 'Berlin' },
  })
  await create('Other')
  t.match(await patch({ version: 2, name: 'Other' }), { status: 409, body: { code: 'already_exists' } })
  t.match(await patch({ version: 2, definition: { ...berlin, hours: {} } }), { status: 400 })
  t.same(told.slice(0, 2), [`${id} 1`, `${id} 2`])

  const pages = await app.call('GET', `${BASE}/${id}/versions?limit=1`)
  t.match(pages.body, { items: [{ version: 2, definition: later }], nextCursor: '2' })
  const rest = await app.call('GET', `${BASE}/${id}/versions?limit=1&cursor=2`)
  t.match(rest.body, { items: [{ version: 1, definition: berlin }], nextCursor: null })
  t.match((await app.call('GET', `${BASE}/${id}/versions/1`)).body.hours, {
    timeZone: 'Europe/Berlin',
    closed: {},
  })
  t.equal((await app.call('GET', `${BASE}/${id}/versions/3`)).status, 404)

  const rivals = await Promise.all(
    ['08:00', '07:00'].map((open) =>
      patch({ version: 2, definition: { ...berlin, hours: { mon: [[open, '24:00']] } } }),
    ),
  )
  t.same(rivals.map(({ status }) => status).toSorted(), [200, 409], 'one of two at once')
}

/** A calendar is deleted only where no policy of the newest book uses it; its versions stay. */
export async function deleting(t: Test, desk: Desk): Promise<void> {
  const { app, create, read, book } = desk
  const { id } = await create('Berlin')
  await book([id, id])
  t.same((await read(id)).usedBy, ['Policy 1', 'Policy 2'])
  t.match(await app.call('DELETE', `${BASE}/${id}`), {
    status: 409,
    body: { code: 'in_use', detail: /Policy 1, Policy 2/ },
  })
  await book([])
  t.equal((await app.call('DELETE', `${BASE}/${id}`)).status, 204)
  t.equal((await app.call('DELETE', `${BASE}/${id}`)).status, 404)
  t.equal((await app.call('GET', `${BASE}/${id}/versions`)).status, 200)
  t.match(await create('Berlin'), { version: 1 }, 'its name is free again')
  t.equal((await app.call('GET', BASE)).body.items.length, 1)
}

/** A preview saves nothing; open windows are instants. */
export async function previewing(t: Test, desk: Desk): Promise<void> {
  const { app, create } = desk
  const check = (definition: object) => app.call('POST', `${BASE}/check`, { definition })
  const { status, body } = await check({ ...berlin, holidays: [{ date: '2026-03-04' }] })
  t.equal(status, 200)
  t.match(body.open, [
    { from: '2026-03-03T09:00:00.000Z', to: '2026-03-03T16:00:00.000Z' },
    { from: '2026-03-05T08:00:00.000Z', to: '2026-03-05T16:00:00.000Z' },
  ])
  t.match(body.holidays[0], { date: '2026-03-04', name: 'Holiday' })
  t.equal((await check({ ...berlin, hours: {} })).body.errors[0].field, 'body/definition/hours')
  t.same((await app.call('GET', BASE)).body.items, [])

  const { id } = await create('Berlin')
  const span = 'from=2026-03-27T00:00:00Z&to=2026-03-31T00:00:00Z'
  t.same((await app.call('GET', `${BASE}/${id}/open?${span}`)).body.items, [
    { from: '2026-03-27T08:00:00.000Z', to: '2026-03-27T16:00:00.000Z' },
    { from: '2026-03-30T07:00:00.000Z', to: '2026-03-30T15:00:00.000Z' },
  ])
  const wide = await app.call('GET', `${BASE}/${id}/open?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z`)
  t.equal(wide.body.errors[0].field, 'query/to')
}

/** Reading and changing are two permissions, and agents have neither by themselves. */
export async function permissions(t: Test, desk: Desk): Promise<void> {
  const { app, create } = desk
  const { id } = await create('Berlin')
  const agent = await app.agent('agent')
  t.equal((await app.call('GET', BASE, undefined, agent)).status, 403)
  for (const [method, path, body] of [
    ['POST', '', { name: 'Mine', definition: berlin }],
    ['POST', '/check', { definition: berlin }],
    ['PATCH', `/${id}`, { version: 1, name: 'Mine' }],
    ['POST', `/${id}/refresh`, undefined],
    ['POST', `/${id}/ical`, { text: 'BEGIN:VCALENDAR' }],
    ['DELETE', `/${id}/ical`, undefined],
    ['DELETE', `/${id}`, undefined],
  ] as const)
    t.equal((await app.call(method, BASE + path, body, agent)).status, 403, `${method} ${path}`)
}
