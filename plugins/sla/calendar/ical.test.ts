// iCalendar, from Google's to nonsense, as dates and windows of a calendar in Berlin.
import t from 'tap'
import { readCalendar, Unreadable } from './ical.js'
import { ics } from './testing/desk.js'

const options = { timeZone: 'Europe/Berlin', years: [2024, 2030] as const, includeFree: false }
const read = (...events: string[]) => readCalendar(ics(...events), options)
const dates = async (...events: string[]) => Object.keys((await read(...events)).closed).toSorted()
const breaks = async (...events: string[]) => (await read(...events)).breaks

t.test('whole days: the end is the day after, several days are several', async (t) => {
  const { closed, breaks, events } = await read(
    'DTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260502\nSUMMARY:May\\, first',
    'DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227',
    'DTSTART;VALUE=DATE:20260601',
    'DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260701',
    'DTSTART;VALUE=DATE:20260801\nDURATION:P2D',
  )
  t.same(closed, {
    '2026-05-01': 'May, first',
    '2026-12-24': 'Closed',
    '2026-12-25': 'Closed',
    '2026-12-26': 'Closed',
    '2026-06-01': 'Closed',
    '2026-07-01': 'Closed',
    '2026-08-01': 'Closed',
    '2026-08-02': 'Closed',
  })
  t.same(breaks, {})
  t.equal(events, 5)
  t.equal((await dates('DTSTART;VALUE=DATE:19000101\nDTEND;VALUE=DATE:29990101')).length, 7 * 365 + 2)
})

t.test(
  'recurrences: rule, further dates, dates taken out, an occurrence that moved, one that is cancelled',
  async (t) => {
    t.same(
      await dates('DTSTART;VALUE=DATE:20100101\nRRULE:FREQ=YEARLY'),
      [2024, 2025, 2026, 2027, 2028, 2029, 2030].map((year) => `${year}-01-01`),
    )
    t.same(
      await dates(
        `UID:a
       DTSTART;VALUE=DATE:20260105
       RRULE:FREQ=WEEKLY;COUNT=5
       RDATE;VALUE=DATE:20260301
       EXDATE;VALUE=DATE:20260112`,
        `UID:a
       RECURRENCE-ID;VALUE=DATE:20260119
       DTSTART;VALUE=DATE:20260120
       DTEND;VALUE=DATE:20260122`,
        `UID:a
       RECURRENCE-ID;VALUE=DATE:20260126
       DTSTART;VALUE=DATE:20260126
       STATUS:CANCELLED`,
      ),
      ['2026-01-05', '2026-01-20', '2026-01-21', '2026-02-02', '2026-03-01'],
    )
    t.same(
      await dates('UID:b\nRECURRENCE-ID;VALUE=DATE:20260119\nDTSTART;VALUE=DATE:20260120'),
      ['2026-01-20'],
      'without its series it stands alone',
    )
    t.same(await dates('DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29'), [
      '2024-02-29',
      '2028-02-29',
    ])
  },
)

t.test('what is cancelled or free is left out and counted; free counts where it is asked for', async (t) => {
  const events = [
    'DTSTART;VALUE=DATE:20260501\nSTATUS:CANCELLED',
    'DTSTART;VALUE=DATE:20260502\nTRANSP:TRANSPARENT',
    'DTSTART;VALUE=DATE:20260503\nTRANSP:OPAQUE\nSTATUS:CONFIRMED',
  ]
  const { closed, skipped } = await read(...events)
  t.same(Object.keys(closed), ['2026-05-03'])
  t.same(skipped, { cancelled: 1, free: 1 })
  const free = await readCalendar(ics(...events), { ...options, includeFree: true })
  t.same(Object.keys(free.closed), ['2026-05-02', '2026-05-03'])
})

t.test('timed events are windows in the zone of the calendar, cut at midnight', async (t) => {
  t.same(await breaks('DTSTART:20260311T130000Z\nDTEND:20260311T143000Z'), {
    '2026-03-11': [['14:00', '15:30']],
  })
  t.same(
    await breaks(
      'DTSTART;TZID=America/New_York:20260310T180000\nDTEND;TZID=America/New_York:20260310T200000',
    ),
    {
      '2026-03-10': [['23:00', '24:00']],
      '2026-03-11': [['00:00', '01:00']],
    },
  )
  t.same(
    await breaks('DTSTART:20260311T100000\nDTEND:20260311T100130'),
    { '2026-03-11': [['10:00', '10:02']] },
    'floating',
  )
  t.same(await breaks('DTSTART:20260311T100000'), {}, 'no length')
  const long = await read('DTSTART:20260311T200000\nDTEND:20260313T070000\nSUMMARY:Move')
  t.same(long.breaks, { '2026-03-11': [['20:00', '24:00']], '2026-03-13': [['00:00', '07:00']] })
  t.same(long.closed, { '2026-03-12': 'Move' }, 'a whole day is a day')
  t.same((await read('DTSTART:20260311T000000\nDTEND:20260312T000000')).closed, { '2026-03-11': 'Closed' })
  t.same(
    await breaks('DTSTART;TZID=Europe/Berlin:20260326T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5'),
    Object.fromEntries([26, 27, 28, 29, 30].map((day) => [`2026-03-${day}`, [['09:00', '10:00']]])),
    'the civil time stays over the change to summer time',
  )
  t.same(
    await breaks(
      'DTSTART:20260311T100000\nDTEND:20260311T110000',
      'DTSTART:20260311T103000\nDTEND:20260311T120000',
    ),
    { '2026-03-11': [['10:00', '12:00']] },
    'what overlaps is one',
  )
})

t.test('a zone that only the file knows', async (t) => {
  const text = ics(
    'DTSTART;TZID=W. Europe Standard Time:20260311T100000\nDTEND;TZID=W. Europe Standard Time:20260311T110000',
  ).replace(
    'BEGIN:VEVENT',
    `BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT`.replaceAll('\n', '\r\n'),
  )
  t.same((await readCalendar(text, options)).breaks, { '2026-03-11': [['08:00', '09:00']] })
})

t.test('what cannot be read says why', async (t) => {
  const refused = (text: string, reason: RegExp, budget = {}) =>
    t.rejects(
      readCalendar(text, { ...options, ...budget }),
      { constructor: Unreadable, message: reason },
      String(reason),
    )
  await refused('<html>Please log in</html>', /does not begin with BEGIN:VCALENDAR/)
  await refused('', /does not begin with BEGIN:VCALENDAR/)
  await refused('BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nnonsense\r\n', /cannot be read as iCalendar/)
  await refused(ics('DTSTART;VALUE=DATE:2026'), /cannot be read/)
  await refused(ics('DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=NEVER'), /cannot be read as iCalendar/)
  await refused(`BEGIN:VCALENDAR${' '.repeat(2 * 1024 * 1024)}`, /larger than 2 MB/)
  await refused(ics(...Array.from({ length: 5001 }, () => 'DTSTART;VALUE=DATE:20260101')), /5001 events/)
  await refused(
    ics('DTSTART:20240101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY'),
    /too long|more than 20000/,
  )
  await refused(
    ics('DTSTART:19000101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30'),
    /too long|cannot be read/,
    { budgetMs: 300 },
  )
})

t.test('what takes longer than a moment is read in a thread', async (t) => {
  const many = Array.from(
    { length: 2500 },
    (_, index) =>
      `DTSTART;VALUE=DATE:2026${10 + (index % 3)}${10 + (index % 20)}\nDESCRIPTION:${'-'.repeat(60)}`,
  )
  const content = await read(...many)
  t.equal(Object.keys(content.closed).length, 60)
  t.equal(content.events, 2500)
})

t.test('an empty calendar closes nothing', async (t) => {
  t.same(await readCalendar('\ufeffBEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n', options), {
    closed: {},
    breaks: {},
    events: 0,
    skipped: { cancelled: 0, free: 0 },
  })
})
