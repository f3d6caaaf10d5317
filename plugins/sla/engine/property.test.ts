// Random histories: computed at once or looked at in between, a timer is the same; and a slow clock that looks at every
// minute agrees with it. What fails is shrunk to the smallest history that does.
import fc from 'fast-check'
import t from 'tap'
import type { Hours } from '../calendar/hours.js'
import { OpenHours } from './clock.js'
import { evaluate, TicketTimers } from './evaluate.js'
import type { Fact } from './facts.js'
import { type Calendar, metrics, type Rule, type Timer } from './timer.js'

const MINUTE = 60_000
const START = Date.parse('2026-03-27T08:00:00Z')
const WINDOWS = [['09:00', '17:00']] as const
const week = (windows: Hours['hours']['mon']) => ({
  mon: windows!,
  tue: windows!,
  wed: windows!,
  thu: windows!,
  fri: windows!,
})
const hours = (more: Partial<Hours>): Hours => ({
  timeZone: 'Europe/Berlin',
  hours: week(WINDOWS),
  closed: {},
  closedYearly: {},
  breaks: {},
  ...more,
})
const versions = [
  hours({}),
  hours({ closed: { '2026-03-30': 'Monday off' } }),
  hours({ hours: { ...week([['22:00', '24:00']]), sat: [['00:00', '06:00']], sun: [['01:00', '05:00']] } }),
]
const calendar = (version: number): Calendar => ({
  id: 'one',
  name: 'One',
  version,
  clock: new OpenHours(versions[version % versions.length]!),
})

const rules = fc.uniqueArray(fc.constantFrom(...metrics), { maxLength: 4 }).chain((chosen) =>
  fc.tuple(
    ...chosen.map((metric) =>
      fc.record({
        metric: fc.constant(metric),
        target: fc.integer({ min: 1, max: 3000 }).map((minutes) => minutes * MINUTE),
        calendar: fc.option(fc.constant(calendar(0)), { nil: null }),
        pauseWhile: fc.constantFrom(new Set(['pending']), new Set(['tag:snoozed']), new Set<string>()),
      }),
    ),
  ),
)

const what = fc.oneof(
  fc.constant({ type: 'inbound' } as const),
  fc.constant({ type: 'response', by: 'ann' } as const),
  fc.constant({ type: 'talk', by: 'ann' } as const),
  fc
    .constantFrom('new', 'open', 'pending', 'solved', 'closed')
    .map((status) => ({ type: 'status', status }) as const),
  fc.constantFrom<string[]>([], ['snoozed'], ['vip']).map((tags) => ({ type: 'tags', tags }) as const),
  fc.constantFrom('spam', 'not_spam').map((type) => ({ type }) as const),
  rules.map((rules) => ({ type: 'rules', rules: rules as readonly Rule[] }) as const),
  fc.constantFrom(1, 2).map((version) => ({ type: 'calendar', calendar: calendar(version) }) as const),
)

/** Minutes since the fact before, and what happened. */
const history = fc
  .tuple(rules, fc.array(fc.tuple(fc.integer({ min: 0, max: 2000 }), what), { maxLength: 25 }))
  .map(([first, steps]): Fact[] => {
    let at = START
    const facts: Fact[] = [
      { at, type: 'rules', rules: first as readonly Rule[] },
      { at, type: 'created' },
    ]
    for (const [minutes, fact] of steps) {
      at += minutes * MINUTE
      facts.push({ at, ...fact } as Fact)
    }
    return facts
  })

const essence = ({ metric, cycle, dueAt, state, consumed, breachedAt, stoppedAt, deadline }: Timer) => ({
  metric,
  cycle,
  dueAt,
  state,
  consumed,
  breachedAt,
  stoppedAt,
  deadline,
})
const timersOf = (facts: readonly Fact[], now: number) =>
  evaluate(facts, now).map(({ timer }) => essence(timer))

t.test('looked at in between, it comes to the same', async () => {
  fc.assert(
    fc.property(history, fc.array(fc.nat({ max: 60_000 }), { maxLength: 40 }), (facts, looks) => {
      const end = facts.at(-1)!.at + 4000 * MINUTE
      const watched = new TicketTimers()
      const instants = looks.map((minutes) => START + minutes * MINUTE).sort((a, b) => a - b)
      for (const fact of facts) {
        while (instants.length > 0 && instants[0]! < fact.at) watched.advance(instants.shift()!)
        watched.apply(fact)
      }
      for (const at of instants) if (at < end) watched.advance(at)
      watched.advance(end)
      return (
        JSON.stringify(watched.results().map(({ timer }) => essence(timer))) ===
        JSON.stringify(timersOf(facts, end))
      )
    }),
    { numRuns: 400 },
  )
})

t.test('what was missed stays missed, at the same instant', async () => {
  fc.assert(
    fc.property(history, (facts) => {
      const missed = new Map<string, number>()
      for (let i = 2; i <= facts.length; i++)
        for (const { metric, cycle, breachedAt } of timersOf(facts.slice(0, i), facts[i - 1]!.at)) {
          const key = `${metric} ${cycle}`
          const before = missed.get(key)
          if (before !== undefined && before !== breachedAt) return false
          if (breachedAt !== null) missed.set(key, breachedAt)
        }
      return true
    }),
    { numRuns: 400 },
  )
})

/** The same question to whoever looks at the clock on the wall once a minute. */
function slowly(facts: readonly Fact[], metric: 'resolution', end: number) {
  const civil = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Berlin',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  let rule: Rule | undefined
  let version = versions[0]!
  let status = 'new'
  let tags: readonly string[] = []
  let spam = false
  let consumed = 0
  const pending = [...facts]
  for (let at = START; at < end; at += MINUTE) {
    for (; pending.length > 0 && pending[0]!.at <= at; pending.shift()) {
      const fact = pending[0]!
      if (fact.type === 'rules') rule = fact.rules.find((one) => one.metric === metric)
      if (fact.type === 'calendar') version = fact.calendar.clock.hours
      if (fact.type === 'status') status = fact.status
      if (fact.type === 'tags') tags = fact.tags
      if (fact.type === 'spam' || fact.type === 'not_spam') spam = fact.type === 'spam'
    }
    if (!rule || spam || status === 'solved' || status === 'closed') continue
    if ([status, ...tags.map((tag) => `tag:${tag}`)].some((hold) => rule!.pauseWhile.has(hold))) continue
    if (rule.calendar && !isOpen(version, civil, at)) continue
    consumed += MINUTE
  }
  return consumed
}

function isOpen(hours: Hours, civil: Intl.DateTimeFormat, at: number): boolean {
  const parts = Object.fromEntries(civil.formatToParts(at).map(({ type, value }) => [type, value]))
  if (hours.closed[`${parts.year}-${parts.month}-${parts.day}`]) return false
  const time = `${parts.hour}:${parts.minute}`
  const windows = hours.hours[parts.weekday!.toLowerCase() as 'mon'] ?? []
  return windows.some(([open, close]) => open <= time && time < close)
}

t.test('whoever looks at the clock each minute counts the same', async () => {
  const target: Rule = {
    metric: 'resolution',
    target: 480 * MINUTE,
    calendar: calendar(0),
    pauseWhile: new Set(['pending', 'tag:snoozed']),
  }
  const steps = fc.array(
    fc.tuple(
      fc.integer({ min: 1, max: 900 }),
      fc.oneof(
        fc.constantFrom('open', 'pending', 'solved').map((status) => ({ type: 'status', status }) as const),
        fc.constantFrom<string[]>([], ['snoozed']).map((tags) => ({ type: 'tags', tags }) as const),
        fc.constantFrom('spam', 'not_spam').map((type) => ({ type }) as const),
        fc.constantFrom(1, 2).map((version) => ({ type: 'calendar', calendar: calendar(version) }) as const),
      ),
    ),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(steps, (steps) => {
      const facts: Fact[] = [
        { at: START, type: 'rules', rules: [target] },
        { at: START, type: 'created' },
      ]
      let at = START
      for (const [minutes, fact] of steps) {
        at += minutes * MINUTE
        facts.push({ at, ...fact } as Fact)
      }
      const end = at + 600 * MINUTE
      const [timer] = timersOf(facts, end)
      return timer!.consumed === slowly(facts, 'resolution', end)
    }),
    { numRuns: 25 },
  )
})
