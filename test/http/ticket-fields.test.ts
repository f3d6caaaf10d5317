// Lists of tickets by fields of plugins: filters, ranges and order, the same on both databases and along an index.
import t from 'tap'
import Type from 'typebox'
import { definePlugin, type PluginApp } from '../../src/plugin/index.js'
import { eachDatabase, type TestApp, testApp } from '../../src/testing/index.js'
import { type Shape, statementFor } from '../../src/tickets/list-statement.js'
import { mail } from '../support/mails.js'
import { planOfPrepared } from '../support/plan.js'

const fields = {
  until: {
    schema: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+\\.\\d{3}Z$' }),
    description: 'Until',
  },
  at: { schema: Type.String({ format: 'date-time' }), description: 'At' },
  code: { schema: Type.String({ maxLength: 5000 }), description: 'Code' },
  state: { schema: Type.Union([Type.Literal('on'), Type.Literal('off')]), description: 'State' },
  floor: { schema: Type.Integer(), description: 'Floor' },
  paid: { schema: Type.Boolean(), description: 'Paid' },
} as const

let plugged: PluginApp<'hotel', never, never, never, typeof fields>
const hotel = definePlugin({
  name: 'hotel',
  version: '1.0.0',
  api: '^1.0.0',
  fields,
  setup: (app) => void (plugged = app as unknown as typeof plugged),
})

async function fill(app: TestApp, many: number) {
  for (let i = 1; i <= many; i++) await app.mail(mail({ from: `g${i}@guest.example` }))
}
const set = (app: TestApp, number: number, values: Record<string, unknown>) =>
  app.call('PATCH', `/api/tickets/${number}/fields`, values)

eachDatabase(t, async (t, database) => {
  const app = await testApp(t, { database, plugins: [hotel] })
  await fill(app, 8)
  const get = (query: string) => app.call('GET', `/api/tickets?${query}`)
  const numbers = async (query: string) => {
    const { body } = await get(query)
    return body.items?.map(({ number }: { number: number }) => number) ?? body
  }
  const day = (d: number) => `2026-03-0${d}T12:00:00.000Z`

  await t.test('sorted by a field, only tickets that have it are listed, page by page', async (t) => {
    for (const [number, d] of [
      [1, 4],
      [2, 2],
      [3, 2],
      [5, 1],
      [7, 3],
    ] as const)
      await set(app, number, { 'hotel.until': day(d), 'hotel.state': d > 2 ? 'on' : 'off' })
    const inOrder = [5, 2, 3, 7, 1]
    for (const [sort, expected] of [
      ['field:hotel.until', inOrder],
      ['-field:hotel.until', [...inOrder].reverse()],
    ] as const) {
      const seen: number[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body } = await get(`limit=2&sort=${sort}${cursor && `&cursor=${cursor}`}`)
        seen.push(...body.items.map(({ number }: { number: number }) => number))
        cursor = body.nextCursor
      }
      t.strictSame(seen, expected, sort)
    }
    const { nextCursor } = (await get('limit=2&sort=field:hotel.until')).body
    for (const other of ['-field:hotel.until', 'field:hotel.state', 'updated'])
      t.match(await get(`sort=${other}&cursor=${nextCursor}`), {
        status: 400,
        body: { code: 'invalid_cursor' },
      })
  })

  await t.test('a range is half open; an instant may be written in any form', async (t) => {
    t.strictSame(
      await numbers(`fieldFrom=hotel.until:${day(2)}&fieldBefore=hotel.until:${day(4)}`),
      [7, 3, 2],
    )
    t.strictSame(await numbers('fieldFrom=hotel.until:2026-03-02T13:00:00%2B01:00'), [7, 3, 2, 1])
    t.strictSame(await numbers('fieldBefore=hotel.until:2026-03-02T12:00:00Z'), [5])
    t.strictSame(await numbers('fieldBefore=hotel.until:2026-03-03'), [5, 3, 2], 'or as the beginning of one')
    t.strictSame(
      await numbers(`sort=field:hotel.until&fieldBefore=hotel.until:${day(3)}&field=hotel.state:off&limit=2`),
      [5, 2],
    )
    t.strictSame(await numbers('fieldFrom=hotel.state:on&fieldBefore=hotel.until:2026-03-04'), [7])
  })

  await t.test('several values must all be there, at most five', async (t) => {
    await set(app, 2, { 'hotel.floor': 12 })
    await set(app, 1, { 'hotel.floor': 12, 'hotel.paid': true })
    t.strictSame(await numbers('field=hotel.paid:true'), [1])
    t.strictSame(await numbers('field=hotel.floor:12'), [2, 1])
    t.strictSame(await numbers('field=hotel.floor:12&sort=created'), [1, 2])
    t.strictSame(await numbers('field=hotel.floor:12&sort=updated'), [1, 2])
    const { nextCursor } = (await get('field=hotel.floor:12&limit=1')).body
    t.strictSame(await numbers(`field=hotel.floor:12&limit=1&cursor=${nextCursor}`), [1])
    t.strictSame(await numbers('field=hotel.floor:12&field=hotel.state:off'), [2])
    t.equal((await get(Array(5).fill('field=hotel.floor:12').join('&'))).status, 200)
    t.match(await get(Array(6).fill('field=hotel.floor:12').join('&')), { status: 400 })
  })

  await t.test('texts stand in the order of their bytes, whatever the language of the server', async (t) => {
    for (const [index, code] of ['b', 'B', 'a', 'ä', 'A', 'é', '_', '10'].entries())
      await set(app, index + 1, { 'hotel.code': code })
    t.strictSame(await numbers('sort=field:hotel.code'), [8, 5, 2, 7, 3, 1, 4, 6])
    t.strictSame(await numbers('fieldFrom=hotel.code:A&fieldBefore=hotel.code:_'), [5, 2])
  })

  await t.test(
    'instants of the format date-time are kept in UTC, so that their order is that in time',
    async (t) => {
      await set(app, 1, { 'hotel.at': '2026-03-03T10:00:00+05:00' })
      await set(app, 2, { 'hotel.at': '2026-03-03t06:00:00z' })
      t.strictSame(await numbers('sort=field:hotel.at'), [1, 2])
      t.strictSame(await numbers('field=hotel.at:2026-03-03T05:00:00Z'), [1])
      t.equal((await app.call('GET', '/api/tickets/1')).body.fields['hotel.at'], '2026-03-03T05:00:00.000Z')
    },
  )

  await t.test('what has no order is refused, and says so', async (t) => {
    for (const [query, field] of [
      ['sort=field:hotel.floor', 'query/sort'],
      ['sort=-field:hotel.nothing', 'query/sort'],
      ['fieldFrom=hotel.floor:1', 'query/fieldFrom'],
      ['fieldBefore=hotel.nothing:1', 'query/fieldBefore'],
      ['field=hotel.nothing:1', 'query/field'],
    ])
      t.match(await get(query!), { status: 422, body: { code: 'field_invalid', errors: [{ field }] } })
    t.match(await get('sort=field:'), { status: 400 })
    t.match(await set(app, 1, { 'hotel.code': 'x'.repeat(2001) }), {
      status: 422,
      body: { code: 'field_invalid' },
    })
  })

  await t.test('a value that a field cannot have is refused, and the words that it can', async (t) => {
    for (const [query, message] of [
      ['field=hotel.state:late', 'must be one of on, off'],
      ['field=hotel.floor:late', 'must be integer'],
      ['field=hotel.floor:1.5', 'must be integer'],
      ['field=hotel.floor:', 'must be integer'],
      ['field=hotel.paid:2', 'must be boolean'],
      ['field=hotel.at:soon', /write an instant like .*%2B/],
      ['fieldFrom=hotel.at:soon', /write an instant like/],
      ['fieldBefore=hotel.at:2026-03-03T10:00:00+05:00', /%2B/],
      ['fieldBefore=hotel.at:2026-13', /write an instant like/],
      ['fieldFrom=hotel.at:', /write an instant like/],
    ] as const) {
      const { status, body } = await get(query)
      t.match(
        { status, body },
        { status: 422, body: { code: 'field_invalid', errors: [{ message }] } },
        query,
      )
      t.equal(body.errors[0].field, `query/${query.slice(0, query.indexOf('='))}`)
    }
    t.equal((await get('fieldFrom=hotel.at:2026&fieldBefore=hotel.at:2026-03-03T05:00')).status, 200)
    t.match(await set(app, 1, { 'hotel.state': 'late' }), {
      status: 422,
      body: { errors: [{ field: 'body/hotel.state', message: 'must be one of on, off' }] },
    })
  })

  await t.test('items carry their fields, also of a contact', async (t) => {
    const { items } = (await get('limit=1&sort=field:hotel.until')).body
    t.strictSame(items[0].fields, { 'hotel.until': day(1), 'hotel.state': 'off', 'hotel.code': 'A' })
    t.equal(items[0].sortedBy, undefined)
    const { requesterId } = (await app.call('GET', '/api/tickets/2')).body
    const [item] = (await app.call('GET', `/api/contacts/${requesterId}/tickets`)).body.items
    t.equal(item.fields['hotel.floor'], 12, 'a number stays a number')
  })

  await t.test('a plugin that writes an instant by itself is kept to the same form', async (t) => {
    const { id } = (await app.call('GET', '/api/tickets/3')).body
    await plugged.db.transaction((tx) => plugged.fields.at.set(tx, id, '2026-03-03T10:00:00Z'))
    t.equal(await plugged.fields.at.get(plugged.db, id), '2026-03-03T10:00:00.000Z')
  })

  await t.test('every one of them is a range of an index', async (t) => {
    const all = { simple: [], statuses: 0, words: 0, fields: 0, ranges: [], after: false } as const
    const who = { inboxIds: null, teamIds: [] }
    const plan = (more: Partial<Shape>) =>
      planOfPrepared(app.db, statementFor({ ...all, simple: [], ranges: [], sort: '-created', who, ...more }))
    const range = { from: true, before: true, sorted: true }
    for (const sort of ['field', '-field'] as const)
      for (const more of [
        {},
        { after: true },
        { ranges: [range] },
        { statuses: 2, after: true, ranges: [range] },
      ]) {
        const found = await plan({ sort, ...more })
        t.match(found, /ticket_fields_by_value/, JSON.stringify({ sort, ...more }))
        t.notMatch(found, /TEMP B-TREE|Sort|SCAN|Seq Scan/, JSON.stringify({ sort, ...more }))
      }
    for (const sort of ['created', '-created'] as const) {
      const found = await plan({ sort, fields: 1, after: true })
      t.match(found, /ticket_fields_by_value/)
      t.notMatch(found, /TEMP B-TREE|Sort|SCAN|Seq Scan|LIST SUBQUERY/, 'no list of all that fit')
    }
    t.match(await plan({ fields: 2 }), /ticket_fields_by_value/)
    t.match(await plan({ ranges: [{ ...range, sorted: false }] }), /ticket_fields_by_value/)
  })
})
