// A definition that is wrong is refused with the place of the mistake; and what its parts mean.
import t from 'tap'
import { check } from './check.js'
import { dateIn, isZone, mergeWindows } from './civil.js'
import { hasOpenDay, holidayOn, windowsOn } from './days.js'
import type { CalendarDefinition } from './definition.js'
import type { Hours, Window } from './hours.js'
import { resolve, sameFrom } from './resolve.js'

const mistakes = async (definition: Partial<CalendarDefinition>) =>
  (await check({ timeZone: 'Europe/Berlin', hours: {}, ...definition }, { allowPrivateNetworks: false })).map(
    ({ field, message }) => `${field.replace('body/definition/', '')}: ${message}`,
  )

const hours = (...mon: [string, string][]) => mistakes({ hours: { mon } })

t.test('what is right is taken', async (t) => {
  t.same(
    await mistakes({
      hours: {
        mon: [
          ['00:00', '06:00'],
          ['22:00', '24:00'],
        ],
        tue: [
          ['09:00', '12:00'],
          ['12:00', '17:00'],
        ],
      },
      holidays: [{ date: '2026-05-01' }, { date: '02-29' }, { date: '12-25', name: 'Christmas' }],
      publicHolidays: { country: 'DE', region: 'BY-A' },
      feed: { url: 'https://hotel.example/a.ics' },
      openOn: ['12-24', '2026-10-03'],
      breaks: { '2026-03-11': [['14:00', '15:30']] },
    }),
    [],
    'windows may touch, and close at 24:00',
  )
})

t.test('times', async (t) => {
  for (const bad of ['9:00', '09:60', '25:00', '24:01', '9am', '', '09:00:00'])
    t.match(await hours([bad, '17:00']), [/^hours\/mon\/0\/0: is not a time: write HH:MM/], bad)
  t.match(await hours(['24:00', '24:00']), [/^hours\/mon\/0\/0: a window cannot open at 24:00/])
  t.match(await hours(['22:00', '06:00']), [
    /^hours\/mon\/0: closes at 06:00, which is not after 22:00: a night shift is two windows, 22:00 to 24:00, and 00:00 to 06:00/,
  ])
  t.match(await hours(['09:00', '09:00']), [/^hours\/mon\/0: closes at/])
  t.match(await hours(['09:00', '12:00'], ['11:00', '13:00']), [
    /^hours\/mon\/1: overlaps the window that stands before it, 09:00 to 12:00/,
  ])
  t.match(await hours(['13:00', '17:00'], ['09:00', '13:00']), [/^hours\/mon\/1: begins before/])
  t.match(await mistakes({ breaks: { '2026-02-30': [['9', '10:00']] } }), [
    /^breaks\/2026-02-30: there is no 2026-02-30/,
    /^breaks\/2026-02-30\/0\/0: is not a time/,
  ])
})

t.test('dates, zones, places and feeds', async (t) => {
  t.match(
    await mistakes({
      holidays: [
        { date: '2026-02-30' },
        { date: '02-30' },
        { date: '2025-02-29' },
        { date: '1 May' },
        { date: '12-25' },
        { date: '12-25' },
        { date: '12-26', name: 'a\u0000' },
      ],
    }),
    [
      /^holidays\/0\/date: there is no 2026-02-30/,
      /^holidays\/1\/date: there is no 02-30/,
      /^holidays\/2\/date: there is no 2025-02-29/,
      /^holidays\/3\/date: is not a date: write YYYY-MM-DD, or MM-DD/,
      /^holidays\/5\/date: is there twice/,
      /^holidays\/6\/name: has characters/,
    ],
  )
  t.match(await mistakes({ timeZone: 'Berlin' }), [/^timeZone: .* for instance Europe\/Berlin/])
  t.match(await mistakes({ timeZone: '+02:00' }), [/^timeZone: there is no such time zone/])
  t.match(await mistakes({ publicHolidays: { country: 'XX' } }), [
    /^publicHolidays\/country: .*there are: AD, AE/,
  ])
  t.match(await mistakes({ publicHolidays: { country: 'DE', region: 'XX' } }), [
    /^publicHolidays\/region: there is no such region in DE; there are: BB, BE, BW/,
  ])
  t.match(await mistakes({ publicHolidays: { country: 'DE', region: 'BY-X' } }), [
    /in DE-BY; there are: BY-A/,
  ])
  t.match(await mistakes({ publicHolidays: { country: 'JP', region: '13' } }), [
    /no regions in JP: leave it out/,
  ])
  for (const url of [
    'http://a.example/',
    'webcal://a.example/',
    'https://10.0.0.1/',
    'https://[::1]/',
    'x',
    'https://a.example/\u0000',
  ])
    t.match(await mistakes({ feed: { url } }), [/^feed\/url: /], url)
})

t.test('hours of a date', async (t) => {
  const date = (text: string) => dateIn('UTC', new Date(`${text}T12:00:00Z`))
  const windows: readonly Window[] = [
    ['09:00', '12:00'],
    ['13:00', '17:00'],
  ]
  const found = {
    publicHolidays: {
      '2026-05-01': 'Tag der Arbeit',
      '2026-12-25': 'Weihnachten',
      '2026-12-24': 'Heiligabend',
    },
  }
  const resolved = resolve(
    {
      timeZone: 'UTC',
      hours: { fri: [...windows], thu: [...windows], sat: [] },
      holidays: [{ date: '2026-05-01', name: 'Ours' }, { date: '02-29' }],
      openOn: ['12-24'],
      breaks: { '2026-05-08': [['11:30', '13:30']], '2026-05-15': [['08:00', '18:00']] },
    },
    found,
  )
  t.equal(holidayOn(resolved, date('2026-05-01')), 'Ours', 'who wrote it counts more than who looked it up')
  t.same(windowsOn(resolved, date('2026-05-01')), [])
  t.same(windowsOn(resolved, date('2026-05-02')), [])
  t.same(windowsOn(resolved, date('2026-05-08')), [
    ['09:00', '11:30'],
    ['13:30', '17:00'],
  ])
  t.same(windowsOn(resolved, date('2026-05-15')), [])
  t.same(windowsOn(resolved, date('2026-12-24')), windows, 'open, whatever the library says')
  t.equal(holidayOn(resolved, date('2028-02-29')), 'Holiday')
  t.equal(holidayOn(resolved, date('2027-03-01')), undefined, 'leap years only')
  t.equal(hasOpenDay(resolved, date('2026-05-01')), true)
  const never: Hours = { timeZone: 'UTC', hours: {}, closed: {}, closedYearly: {}, breaks: {} }
  t.equal(hasOpenDay(never, date('2026-05-01')), false)
  t.ok(sameFrom(resolved, { ...resolved, closed: { ...resolved.closed, '2026-04-01': 'x' } }, '2026-04-02'))
  t.notOk(
    sameFrom(resolved, { ...resolved, closed: { ...resolved.closed, '2026-04-02': 'x' } }, '2026-04-02'),
  )
  t.same(
    mergeWindows([
      ['13:00', '14:00'],
      ['09:00', '10:00'],
      ['09:30', '11:00'],
      ['11:00', '12:00'],
    ]),
    [
      ['09:00', '12:00'],
      ['13:00', '14:00'],
    ],
  )
  t.ok(isZone('America/Argentina/Buenos_Aires') && isZone('UTC') && !isZone('Mars/Base'))
})
