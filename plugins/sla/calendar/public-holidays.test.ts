// Public holidays of four places against dates that are known from their governments, and what is no whole day.
import t from 'tap'
import { type Place, publicHolidays, yearsAround } from './public-holidays.js'

const dates = async (place: Place, year = 2026) => Object.keys(await publicHolidays(place, [year, year]))
const of = (year: number, days: string) =>
  days
    .trim()
    .split(/\s+/)
    .map((day) => `${year}-${day}`)

t.test('known dates of 2026', async (t) => {
  t.same(
    await dates({ country: 'DE', region: 'BE' }),
    of(2026, '01-01 03-08 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26'),
    'Berlin, with its Women’s Day and without Reformation Day',
  )
  t.same(
    await dates({ country: 'US' }),
    of(2026, '01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25'),
    'the 4th of July is a Saturday: Friday is free',
  )
  t.same(
    await dates({ country: 'GB', region: 'SCT' }),
    of(2026, '01-01 01-02 04-03 05-04 05-25 08-03 11-30 12-25 12-26 12-28'),
    'Scotland: no Easter Monday, but Boxing Day again on Monday',
  )
  t.same(
    await dates({ country: 'JP' }),
    of(
      2026,
      '01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 09-23 10-12 11-03 11-23',
    ),
    'equinoxes, a substitute in May, a day between two holidays',
  )
})

t.test('names are those of the country; parts of a region have their own days', async (t) => {
  const names = await publicHolidays({ country: 'DE', region: 'BY-A' }, [2026, 2026])
  t.equal(names['2026-10-03'], 'Tag der Deutschen Einheit')
  t.ok('2026-08-08' in names, 'the peace festival of Augsburg')
  t.notOk((await dates({ country: 'DE', region: 'BE' })).includes('2026-08-08'))
})

t.test(
  'holidays that begin in the evening or last long are whole civil days; half days are none',
  async (t) => {
    const israel = await dates({ country: 'IL' })
    t.ok(israel.includes('2026-09-21'), 'Yom Kippur')
    t.notOk(israel.includes('2026-09-20'), 'not its eve')
    const arabia = await dates({ country: 'SA' })
    t.same(
      arabia.filter((date) => date.startsWith('2026-05')),
      of(2026, '05-26 05-27 05-28 05-29'),
    )
    const iceland = await dates({ country: 'IS' })
    t.notOk(iceland.includes('2026-12-24'), 'the afternoon of Christmas Eve')
    t.ok(iceland.includes('2026-12-25'))
  },
)

t.test('the years around now', async (t) => {
  t.same(yearsAround(new Date('2026-03-03T09:00:00Z')), [2024, 2030])
  t.match(await publicHolidays({ country: 'DE' }, [2024, 2030]), { '2024-12-25': /./, '2030-12-25': /./ })
})
