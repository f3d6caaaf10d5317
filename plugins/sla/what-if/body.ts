// The body of a what-if question, and how its facts are those of the engine.
import { fail } from 'frontdesk/plugin'
import Type, { type Static } from 'typebox'
import { checkAsked, hoursOf } from '../calendar/asked.js'
import { definitionSchema, type FieldError } from '../calendar/definition.js'
import { readInstant } from '../calendar/instant.js'
import { OpenHours } from '../engine/clock.js'
import type { Fact } from '../engine/facts.js'
import { type Calendar, metrics, type Rule } from '../engine/timer.js'
import { lengthOf } from '../policy/duration.js'
import { pausesOf } from '../policy/pauses.js'
import { oneOf } from '../shapes.js'

const instant = Type.String({ maxLength: 40, description: 'ISO 8601 with its offset.' })
const calendar = Type.Object(
  {
    timeZone: Type.String({ minLength: 1, maxLength: 64 }),
    hours: definitionSchema.properties.hours,
    holidays: Type.Optional(
      Type.Array(Type.String({ maxLength: 20 }), {
        maxItems: 1000,
        description: 'Dates (`2026-05-01`), or `12-25` for every year.',
      }),
    ),
    breaks: definitionSchema.properties.breaks,
  },
  { additionalProperties: false },
)

const metric = oneOf(metrics)
const minutes = Type.Number({ minimum: 0, maximum: 5_000_000 })
const within = Type.String({
  maxLength: 50,
  description: '`2 business days`, `4 hours`; instead of `minutes`.',
})
const target = Type.Object(
  {
    metric,
    minutes: Type.Optional(minutes),
    within: Type.Optional(within),
    pauseWhile: Type.Optional(Type.Array(Type.String({ maxLength: 60 }), { maxItems: 20 })),
  },
  { additionalProperties: false },
)
const factTypes = [
  'created',
  'customer_message',
  'agent_message',
  'note',
  'automatic_message',
  'bot_message',
  'inbound_call',
  'missed_call',
  'outbound_call',
  'outbound_message',
  'status',
  'tags',
  'retarget',
  'calendar',
  'merged',
  'spam',
  'not_spam',
] as const
const fact = Type.Object({
  at: instant,
  type: oneOf(factTypes),
  status: Type.Optional(Type.String({ maxLength: 40, description: 'Of a fact `status`.' })),
  tags: Type.Optional(Type.Array(Type.String({ maxLength: 60 }), { maxItems: 50 })),
  by: Type.Optional(
    Type.String({
      maxLength: 60,
      description: 'Of `created`: `agent` or `automatic` where nobody outside waits for an answer.',
    }),
  ),
  metric: Type.Optional(metric),
  minutes: Type.Optional(minutes),
  within: Type.Optional(within),
  targets: Type.Optional(
    Type.Array(target, { maxItems: 4, description: 'Of `retarget`: all that hold now.' }),
  ),
  calendar: Type.Optional(calendar),
})

export const body = Type.Object(
  {
    calendar,
    targets: Type.Array(target, { maxItems: 4 }),
    facts: Type.Array(fact, { minItems: 1, maxItems: 2000 }),
    now: instant,
    botsAnswer: Type.Optional(Type.Boolean({ description: 'Default: false.' })),
  },
  { additionalProperties: false },
)
export type Body = Static<typeof body>
type GivenFact = Body['facts'][number]
type GivenTarget = Body['targets'][number]
type GivenCalendar = Body['calendar']

/** @throws DeskError `invalid_request`, naming the field. */
export function questionOf(given: Body): { facts: Fact[]; now: number } {
  let calendar = calendarOf(given.calendar, 1, 'body/calendar')
  let targets: readonly GivenTarget[] = given.targets
  const rulesOf = (field: string) => {
    const twice = targets.findIndex(({ metric }, i) =>
      targets.some((one, j) => j < i && one.metric === metric),
    )
    if (twice >= 0) throw wrong(`${field}/${twice}/metric`, 'is there twice: a metric has one target')
    return targets.map((one, i) => ruleOf(one, calendar, `${field}/${i}`))
  }
  const inOrder = given.facts
    .map((one, i) => ({ one, field: `body/facts/${i}`, at: timeOf(one.at, `body/facts/${i}/at`) }))
    .sort((a, b) => a.at - b.at)
  const facts: Fact[] = [{ at: inOrder[0]!.at, type: 'rules', rules: rulesOf('body/targets') }]
  for (const { one, field, at } of inOrder) {
    if (one.type === 'calendar') {
      if (!one.calendar) throw wrong(`${field}/calendar`, 'a fact `calendar` needs the new calendar')
      calendar = calendarOf(one.calendar, calendar.version + 1, `${field}/calendar`)
      facts.push({ at, type: 'calendar', calendar })
    } else if (one.type === 'retarget') {
      targets = retargeted(targets, one, field)
      facts.push({ at, type: 'rules', rules: rulesOf(`${field}/targets`) })
    } else facts.push(...plainFact(one, at, given.botsAnswer === true, field))
  }
  return { facts, now: Math.max(timeOf(given.now, 'body/now'), facts.at(-1)!.at) }
}

function plainFact(one: GivenFact, at: number, botsAnswer: boolean, field: string): Fact[] {
  const by = one.by ?? null
  switch (one.type) {
    case 'created':
      return [{ at, type: 'created', outbound: by === 'agent' || by === 'automatic' }]
    case 'customer_message':
    case 'missed_call':
      return [{ at, type: 'inbound' }]
    case 'agent_message':
    case 'outbound_message':
    case 'outbound_call':
      return [{ at, type: 'response', by }]
    case 'bot_message':
      return botsAnswer ? [{ at, type: 'response', by }] : []
    case 'inbound_call':
      return [{ at, type: 'talk', by }]
    case 'status':
      if (one.status === undefined) throw wrong(`${field}/status`, 'a fact `status` needs the new status')
      return [{ at, type: 'status', status: one.status, by }]
    case 'tags':
      if (!one.tags) throw wrong(`${field}/tags`, 'a fact `tags` needs all tags that the ticket has now')
      return [{ at, type: 'tags', tags: one.tags }]
    case 'merged':
    case 'spam':
    case 'not_spam':
      return [{ at, type: one.type }]
    default:
      return []
  }
}

function retargeted(targets: readonly GivenTarget[], one: GivenFact, field: string): readonly GivenTarget[] {
  if (one.targets) return one.targets
  const { metric, minutes, within } = one
  if (metric === undefined || (minutes === undefined && within === undefined))
    throw wrong(field, 'a fact `retarget` needs `targets`, or `metric` with `minutes` or `within`')
  const length = minutes === undefined ? { within: within! } : { minutes }
  const { pauseWhile } = targets.find((target) => target.metric === metric) ?? {}
  const changed = { metric, ...length, ...(pauseWhile && { pauseWhile }) }
  return [...targets.filter((target) => target.metric !== metric), changed]
}

function ruleOf(given: GivenTarget, calendar: Calendar, field: string): Rule {
  const { metric, minutes, within } = given
  if ((minutes === undefined) === (within === undefined))
    throw wrong(field, 'give either `minutes` or `within`')
  const length =
    minutes === undefined ? lengthOf(within!, calendar.clock.hours) : { ms: minutes * 60_000, business: true }
  if (!length) throw wrong(`${field}/within`, 'write `4 hours`, `30 business minutes` or `2 business days`')
  return {
    metric,
    target: length.ms,
    calendar: length.business ? calendar : null,
    pauseWhile: pausesOf(metric, given.pauseWhile),
  }
}

function calendarOf(given: GivenCalendar, version: number, field: string): Calendar {
  const problems = checkAsked(given, field)
  if (problems.length > 0) throw refused(problems)
  return { id: 'what-if', name: '', version, clock: new OpenHours(hoursOf(given)) }
}

function timeOf(text: string, field: string): number {
  const at = readInstant(text)
  if (typeof at === 'string') throw wrong(field, at)
  return at
}

const wrong = (field: string, message: string) => refused([{ field, message }])

const refused = (errors: FieldError[]) =>
  fail('invalid_request', `${errors[0]!.field}: ${errors[0]!.message}`, { errors })
