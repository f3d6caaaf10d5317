// Opening hours against a clock on the wall that is looked at each minute, on the days on which eleven zones change
// their offsets; and the corners of a calendar.
import t from 'tap'
import type { Hours, Window } from '../calendar/hours.js'
import { weekdays } from '../calendar/hours.js'
import { OpenHours } from './clock.js'

const MINUTE = 60_000
const daily = (timeZone: string, windows: readonly Window[], more: Partial<Hours> = {}): Hours => ({
  timeZone,
  hours: Object.fromEntries(weekdays.map((day) => [day, windows])),
  closed: {},
  closedYearly: {},
  breaks: {},
  ...more,
})

/** Two civil days around each change. Samoa left out the 30th of December 2011. */
const changes: [zone: string, from: string][] = [
  ['Europe/Berlin', '2026-03-28'],
  ['Europe/Berlin', '2026-10-24'],
  ['America/New_York', '2026-03-07'],
  ['America/New_York', '2026-10-31'],
  ['America/St_Johns', '2026-03-07'],
  ['America/Sao_Paulo', '2018-11-03'],
  ['America/Sao_Paulo', '2018-02-17'],
  ['Australia/Lord_Howe', '2026-04-04'],
  ['Australia/Lord_Howe', '2026-10-03'],
  ['Pacific/Auckland', '2026-04-04'],
  ['Pacific/Apia', '2011-12-29'],
  ['Asia/Tehran', '2022-03-21'],
  ['Africa/Casablanca', '2026-02-14'],
  ['Asia/Kolkata', '2026-03-28'],
  ['Etc/UTC', '2026-03-28'],
]
const shifts: (readonly Window[])[] = [
  [['00:00', '24:00']],
  [['09:00', '17:00']],
  [
    ['00:00', '06:00'],
    ['22:00', '24:00'],
  ],
]

/** Minutes since midnight of the civil time. */
function wall(timeZone: string) {
  const civil = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (at: number) => {
    const [hour, minute] = civil.format(at).split(':').map(Number)
    return hour! * 60 + minute!
  }
}
const minutesOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

t.test('days on which the clocks change', async (t) => {
  for (const [zone, day] of changes) {
    const read = wall(zone)
    for (const windows of shifts) {
      const clock = new OpenHours(daily(zone, windows))
      const start = Date.parse(`${day}T00:00:00Z`)
      let open = 0
      let wrong = 0
      for (let at = start; at < start + 3 * 1440 * MINUTE; at += MINUTE) {
        if (clock.elapsed(start, at) !== open * MINUTE) wrong++
        const time = read(at)
        if (windows.some(([from, to]) => minutesOf(from) <= time && time < minutesOf(to))) open++
        // The deadline of so many minutes is the first instant at which they have been open.
        if (open % 97 === 1 && clock.elapsed(start, clock.due(start, open * MINUTE)!) !== open * MINUTE)
          wrong++
      }
      t.equal(wrong, 0, `${zone} ${day} ${JSON.stringify(windows)}`)
    }
  }
})

t.test(
  'a window inside of an hour that is left out moves behind it, one that comes twice counts once',
  async (t) => {
    const spring = new OpenHours(daily('Europe/Berlin', [['02:15', '02:45']]))
    t.same(spring.open(Date.parse('2026-03-29T00:00:00Z'), Date.parse('2026-03-29T12:00:00Z')), [
      { from: Date.parse('2026-03-29T01:15:00Z'), to: Date.parse('2026-03-29T01:45:00Z') },
    ])
    const autumn = new OpenHours(daily('Europe/Berlin', [['02:15', '02:45']]))
    t.same(autumn.open(Date.parse('2026-10-24T22:00:00Z'), Date.parse('2026-10-25T12:00:00Z')), [
      { from: Date.parse('2026-10-25T00:15:00Z'), to: Date.parse('2026-10-25T00:45:00Z') },
    ])
  },
)

t.test('the corners of a calendar', async (t) => {
  const at = (text: string) => Date.parse(text)
  const leap = new OpenHours(
    daily('Etc/UTC', [['09:00', '10:00']], { closedYearly: { '02-29': 'leap day' } }),
  )
  t.equal(leap.elapsed(at('2028-02-28T00:00Z'), at('2028-03-02T00:00Z')), 120 * MINUTE, 'not on a leap day')
  t.equal(
    leap.elapsed(at('2026-03-01T00:00Z'), at('2026-03-02T00:00Z')),
    60 * MINUTE,
    'the 1st of March is open',
  )
  const breaks = new OpenHours(
    daily('Etc/UTC', [['09:00', '12:00']], {
      breaks: {
        '2026-03-03': [
          ['08:00', '09:30'],
          ['10:00', '10:30'],
          ['11:45', '13:00'],
        ],
      },
    }),
  )
  t.equal(breaks.elapsed(at('2026-03-03T00:00Z'), at('2026-03-04T00:00Z')), (180 - 30 - 30 - 15) * MINUTE)
  t.equal(breaks.due(at('2026-03-03T00:00Z'), 30 * MINUTE), at('2026-03-03T10:00Z'), 'to the closing instant')
  const never = new OpenHours(daily('Etc/UTC', []))
  t.equal(never.due(at('2026-03-03T00:00Z'), 1), null, 'a calendar that never opens has no deadline')
  t.equal(never.elapsed(at('2020-01-01T00:00Z'), at('2030-01-01T00:00Z')), 0)
  const seldom = new OpenHours(daily('Etc/UTC', [['09:00', '09:01']]))
  t.equal(seldom.due(at('2026-01-01T00:00Z'), 1000 * MINUTE), null, 'nor one that has it in three years only')
  t.equal(seldom.due(at('2026-01-01T00:00Z'), 100 * MINUTE), at('2026-04-10T09:01Z'))
  const turn = new OpenHours(daily('Pacific/Auckland', [['00:00', '24:00']]))
  t.equal(
    turn.elapsed(at('2025-12-30T00:00Z'), at('2026-01-03T00:00Z')),
    4 * 1440 * MINUTE,
    'over the turn of a year',
  )
  t.equal(turn.open(at('2025-12-31T10:00Z'), at('2025-12-31T12:00Z')).length, 2, 'a piece for each date')
})
