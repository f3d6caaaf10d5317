// The cases everybody who has built service levels has been asked about, put to the desk as a what-if question.
// Times are civil times of the calendar's zone, in March 2026 where nothing else is said.
import { testApp } from 'frontdesk/testing'
import t from 'tap'
import { Temporal } from 'temporal-polyfill'
import plugin from '../index.js'

type Windows = [string, string][]
const days = (names: string, windows: Windows) =>
  Object.fromEntries(names.split(' ').map((day) => [day, windows]))
const WEEK = 'mon tue wed thu fri'
const ALL = `${WEEK} sat sun`

const BER = {
  timeZone: 'Europe/Berlin',
  hours: days(WEEK, [['09:00', '17:00']]),
  holidays: ['2026-05-01', '2026-12-25'],
}
const NYC = { ...BER, timeZone: 'America/New_York', holidays: [] }
const ALWAYS = { timeZone: 'Europe/Berlin', hours: days(ALL, [['00:00', '24:00']]) }

type Fact = [at: string, type: string, more?: object]
interface Case {
  calendar?: { timeZone: string; hours: object; holidays?: string[] }
  targets: [metric: string, minutes: number][]
  facts: Fact[]
  now?: string
}

const utc = (zone: string, local: string) =>
  local.endsWith('Z')
    ? local
    : Temporal.PlainDateTime.from(
        local.includes('-') ? local.replace(' ', 'T') : `2026-03-${local.replace(' ', 'T')}`,
      )
        .toZonedDateTime(zone)
        .toInstant()
        .toString({ smallestUnit: 'millisecond' })

t.test('scenarios', async (t) => {
  const app = await testApp(t, { plugins: [plugin] })
  async function ask({ calendar = BER, targets, facts, now }: Case) {
    const at = (local: string) => utc(calendar.timeZone, local)
    const answer = await app.call('POST', '/api/plugins/sla/evaluate', {
      calendar,
      targets: targets.map(([metric, minutes]) => ({
        metric,
        minutes,
        pauseWhile: metric === 'resolution' ? ['pending'] : [],
      })),
      facts: facts.map(([when, type, more]) => ({ at: at(when), type, ...more })),
      now: at(now ?? facts.at(-1)![0]),
    })
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
    return answer.body.timers as Record<string, unknown>[]
  }
  const first = (minutes: number): Case['targets'] => [['first_response', minutes]]
  const next = (minutes: number): Case['targets'] => [['next_response', minutes]]
  const resolution = (minutes: number): Case['targets'] => [['resolution', minutes]]
  const status = (to: string) => ({ status: to })

  /** Due of the only timer of a new ticket. */
  async function due(t: Tap, name: string, start: string, minutes: number, want: string, calendar = BER) {
    const [timer] = await ask({ calendar, targets: first(minutes), facts: [[start, 'created']] })
    t.equal(timer!.dueAt, utc(calendar.timeZone, want), name)
  }
  type Tap = typeof t

  t.test('when it is due', async (t) => {
    await due(t, '1 within the day', '03 10:00', 60, '03 11:00')
    await due(t, '2 exactly at opening', '03 09:00', 60, '03 10:00')
    await due(t, '3 exactly at closing', '03 17:00', 60, '04 10:00')
    await due(t, '4 to the closing instant', '03 16:00', 60, '03 17:00')
    await due(t, '5 at the weekend', '07 12:00', 60, '09 10:00')
    await due(t, '6 over a holiday', '2026-04-30 16:30', 60, '2026-05-04 09:30')
    await due(t, '7 on a holiday', '2026-05-01 11:00', 60, '2026-05-04 10:00')
    const lunch = {
      ...BER,
      hours: days(WEEK, [
        ['09:00', '12:00'],
        ['13:00', '17:00'],
      ]),
    }
    await due(t, '8 over lunch', '03 11:30', 60, '03 13:30', lunch)
    const night = {
      ...BER,
      hours: days(ALL, [
        ['00:00', '06:00'],
        ['22:00', '24:00'],
      ]),
    }
    await due(t, '9 in a night shift', '03 23:30', 120, '04 01:30', night)
    await due(
      t,
      '10 over the change to summer time',
      '2026-03-28 20:00',
      480,
      '2026-03-29 05:00',
      ALWAYS as never,
    )
    await due(
      t,
      '11 over the change to winter time',
      '2026-10-24 20:00',
      480,
      '2026-10-25 03:00',
      ALWAYS as never,
    )
    const tokyo = { timeZone: 'Asia/Tokyo', hours: days(WEEK, [['09:00', '18:00']]), holidays: [] }
    await due(t, '12 in Tokyo', '2026-03-02T23:30:00Z', 60, '03 10:00', tokyo)
    await due(t, '13 over the change to summer time, while closed', '06 16:30', 60, '09 09:30', NYC)
  })

  t.test('what holds it up', async (t) => {
    const cases: [string, Fact[], string][] = [
      [
        '14',
        [
          ['02 09:00', 'created'],
          ['02 11:00', 'status', status('pending')],
          ['02 15:00', 'status', status('open')],
        ],
        '03 13:00',
      ],
      [
        '15',
        [
          ['06 09:00', 'created'],
          ['06 16:00', 'status', status('pending')],
          ['09 10:00', 'status', status('open')],
        ],
        '09 11:00',
      ],
      [
        '16',
        [
          ['02 09:00', 'created'],
          ['02 10:00', 'status', status('pending')],
          ['02 11:00', 'status', status('open')],
          ['02 13:00', 'status', status('pending')],
          ['02 14:00', 'status', status('open')],
        ],
        '03 11:00',
      ],
      [
        '25',
        [
          ['02 09:00', 'created'],
          ['02 12:00', 'status', status('solved')],
          ['02 15:00', 'status', status('open')],
        ],
        '03 12:00',
      ],
    ]
    for (const [name, facts, want] of cases) {
      const [timer] = await ask({ targets: resolution(480), facts })
      t.equal(timer!.dueAt, utc(BER.timeZone, want), name)
      t.equal(timer!.state, 'running', name)
    }
    const [solved] = await ask({
      targets: resolution(480),
      facts: [
        ['02 09:00', 'created'],
        ['02 10:00', 'status', status('pending')],
        ['05 10:00', 'status', status('solved')],
      ],
    })
    t.match(solved, { state: 'met', consumedMs: 60 * 60_000, breachedAt: null }, '17')
  })

  t.test('what stops it', async (t) => {
    const [answered] = await ask({
      targets: first(60),
      facts: [
        ['03 09:00', 'created'],
        ['03 09:01', 'automatic_message'],
        ['03 09:02', 'bot_message'],
        ['03 09:05', 'note'],
        ['03 09:50', 'agent_message'],
      ],
    })
    t.match(answered, { state: 'met', consumedMs: 50 * 60_000 }, '18')
    const atDeadline: Fact[] = [
      ['03 10:00', 'created'],
      ['03 11:00', 'agent_message'],
    ]
    t.match(await ask({ targets: first(60), facts: atDeadline }), [{ state: 'met' }], '19')
    const late: Fact[] = [
      ['03 10:00', 'created'],
      ['2026-03-03T10:00:00.001Z', 'agent_message'],
    ]
    t.match(
      await ask({ targets: first(60), facts: late }),
      [{ state: 'breached', breachedAt: '2026-03-03T10:00:00.000Z' }],
      '19, a millisecond later',
    )
    const answeredCall: Fact[] = [
      ['03 10:00', 'created'],
      ['03 10:00', 'inbound_call'],
    ]
    t.match(await ask({ targets: first(60), facts: answeredCall }), [{ state: 'met', consumedMs: 0 }], '20')
    const missed: Fact[] = [
      ['03 10:00', 'created'],
      ['03 10:00', 'missed_call'],
    ]
    t.match(
      await ask({ targets: first(60), facts: missed }),
      [{ state: 'running', consumedMs: 0 }],
      '20 missed',
    )
  })

  t.test('the next response', async (t) => {
    const begun: Fact[] = [
      ['02 09:00', 'created'],
      ['02 09:30', 'agent_message'],
      ['02 10:00', 'customer_message'],
    ]
    const again: Fact[] = [...begun, ['02 10:30', 'customer_message']]
    t.match(
      await ask({ targets: next(120), facts: again }),
      [{ dueAt: utc(BER.timeZone, '02 12:00'), state: 'running' }],
      '21',
    )
    const twice = await ask({
      targets: next(120),
      facts: [...again, ['02 11:00', 'agent_message'], ['02 13:00', 'customer_message']],
    })
    t.match(
      twice,
      [
        { state: 'met', consumedMs: 60 * 60_000 },
        { state: 'running', dueAt: utc(BER.timeZone, '02 15:00') },
      ],
      '22',
    )
    const solved: Fact[] = [...begun, ['02 10:30', 'status', status('solved')]]
    t.match(
      await ask({ targets: next(120), facts: solved, now: '06 10:00' }),
      [{ state: 'stopped', breachedAt: null }],
      '23',
    )
    const both = await ask({ targets: [...first(240), ...next(60)], facts: [['02 09:00', 'created']] })
    t.equal(both.length, 1)
    t.match(both, [{ metric: 'first_response', dueAt: utc(BER.timeZone, '02 13:00') }], '24')
  })

  t.test('26 a target that becomes shorter is missed when it holds, not before', async (t) => {
    const facts: Fact[] = [
      ['03 09:00', 'created'],
      ['03 12:00', 'retarget', { metric: 'resolution', minutes: 120 }],
    ]
    const want = {
      dueAt: utc(BER.timeZone, '03 11:00'),
      breachedAt: utc(BER.timeZone, '03 12:00'),
      state: 'breached',
    }
    t.match(await ask({ targets: resolution(480), facts }), [want])
    const relaxed: Fact[] = [...facts, ['03 13:00', 'retarget', { metric: 'resolution', minutes: 960 }]]
    t.match(
      await ask({ targets: resolution(480), facts: relaxed, now: '06 16:00' }),
      [{ state: 'breached', breachedAt: want.breachedAt }],
      'a longer one does not take it back, and it is not missed again',
    )
  })

  t.test('30 a holiday that is added for tomorrow moves it by a business day', async (t) => {
    const before = await ask({ targets: resolution(600), facts: [['03 09:00', 'created']] })
    t.match(before, [{ dueAt: utc(BER.timeZone, '04 11:00') }])
    const after = await ask({
      targets: resolution(600),
      facts: [
        ['03 09:00', 'created'],
        ['03 12:00', 'calendar', { calendar: { ...BER, holidays: ['2026-03-04'] } }],
      ],
    })
    t.match(after, [{ dueAt: utc(BER.timeZone, '05 11:00') }])
    const why = (after[0]!.segments as { why: string }[]).map((segment) => segment.why)
    t.ok(why.includes('holiday: 2026-03-04'), why.join(' | '))
  })

  t.test('merged, spam and back', async (t) => {
    const merged: Fact[] = [
      ['03 09:00', 'created'],
      ['03 09:30', 'merged'],
    ]
    t.match(await ask({ targets: first(60), facts: merged, now: '06 10:00' }), [
      { state: 'cancelled', dueAt: null, breachedAt: null },
    ])
    const spam: Fact[] = [
      ['03 09:00', 'created'],
      ['03 09:30', 'spam'],
      ['03 15:00', 'not_spam'],
    ]
    t.match(await ask({ targets: first(60), facts: spam.slice(0, 2), now: '03 14:00' }), [
      { state: 'cancelled' },
    ])
    t.match(await ask({ targets: first(60), facts: spam }), [
      { state: 'running', dueAt: utc(BER.timeZone, '03 15:30'), breachedAt: null },
    ])
  })

  t.test(
    'a ticket that an automatic mail opened waits for its first answer when a person writes',
    async (t) => {
      const timers = await ask({
        targets: [...first(60), ...resolution(480)],
        facts: [
          ['03 09:00', 'created', { by: 'automatic' }],
          ['03 10:00', 'customer_message'],
        ],
      })
      t.same(
        timers.map(({ metric, startedAt }) => [metric, startedAt]),
        [
          ['resolution', utc(BER.timeZone, '03 09:00')],
          ['first_response', utc(BER.timeZone, '03 10:00')],
        ],
      )
    },
  )

  t.test('33 two business days are as long as two days of the calendar', async (t) => {
    const { body } = await app.call('POST', '/api/plugins/sla/evaluate', {
      calendar: BER,
      targets: [{ metric: 'first_response', within: '2 business days' }],
      facts: [{ at: utc(BER.timeZone, '04 14:00'), type: 'created' }],
      now: utc(BER.timeZone, '04 14:00'),
    })
    t.equal(body.timers[0].dueAt, utc(BER.timeZone, '06 14:00'))
  })

  t.test('the segments say all there is to say, and add up', async (t) => {
    const [timer] = await ask({
      targets: resolution(480),
      facts: [
        ['2026-04-30 09:00', 'created'],
        ['2026-04-30 11:00', 'status', status('pending')],
        ['2026-04-30 15:00', 'status', status('open')],
      ],
    })
    const segments = timer!.segments as { from: string; to: string; counted: boolean; why: string }[]
    t.same(
      segments.map(({ counted, why }) => [counted, why]),
      [
        [true, 'open'],
        [false, 'paused: status pending'],
        [true, 'open'],
        [false, 'holiday: 2026-05-01'],
        [true, 'open'],
      ],
    )
    const counted = segments
      .filter((one) => one.counted)
      .reduce((sum, { from, to }) => sum + Date.parse(to) - Date.parse(from), 0)
    t.equal(counted, 480 * 60_000)
    t.equal(segments.at(-1)!.to, timer!.dueAt)
  })

  t.test('what is wrong is named', async (t) => {
    const good = {
      calendar: BER,
      targets: [{ metric: 'resolution', minutes: 5 }],
      now: '2026-03-03T09:00:00Z',
    }
    const created = { at: '2026-03-03T09:00:00Z', type: 'created' }
    const bad: [object, string][] = [
      [{ ...good, facts: [{ ...created, at: '2026-03-03 09:00:00.000' }] }, 'body/facts/0/at'],
      [{ ...good, facts: [created, { ...created, type: 'status' }] }, 'body/facts/1/status'],
      [
        { ...good, facts: [created], calendar: { ...BER, timeZone: 'Europe/Berlim' } },
        'body/calendar/timeZone',
      ],
      [
        { ...good, facts: [created], targets: [{ metric: 'resolution', within: 'soon' }] },
        'body/targets/0/within',
      ],
      [{ ...good, facts: [created, { ...created, type: 'retarget' }] }, 'body/facts/1'],
      [{ ...good, facts: [created, { ...created, type: 'tags' }] }, 'body/facts/1/tags'],
      [{ ...good, facts: [created], targets: [...good.targets, ...good.targets] }, 'body/targets/1/metric'],
      [{ ...good, facts: [{ ...created, at: '2026-02-30T09:00:00Z' }] }, 'body/facts/0/at'],
      [{ ...good, facts: [created], now: '2026-02-30T09:00:00Z' }, 'body/now'],
      [
        { ...good, facts: [created], calendar: { ...BER, hours: days(WEEK, [['17:00', '09:00']]) } },
        'body/calendar/hours/mon/0',
      ],
      [
        { ...good, facts: [created], calendar: { ...BER, holidays: ['2026-02-30'] } },
        'body/calendar/holidays/0',
      ],
      [
        {
          ...good,
          facts: [
            created,
            { ...created, type: 'calendar', calendar: { ...BER, breaks: { '2026-13-01': [] } } },
          ],
        },
        'body/facts/1/calendar/breaks/2026-13-01',
      ],
    ]
    const { body: unknown } = await app.call('POST', '/api/plugins/sla/evaluate', {
      ...good,
      facts: [{ ...created, type: 'creatd' }],
    })
    t.match(unknown.errors[0].message, /^must be one of created, .*, not_spam$/)
    for (const [body, field] of bad) {
      const answer = await app.call('POST', '/api/plugins/sla/evaluate', body)
      t.equal(answer.status, 400)
      t.equal(answer.body.errors[0].field, field)
    }
  })
})
