// One question about opening hours: when is it due, or how much was open.
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { type Hours, weekdays } from '../calendar/hours.js'
import { OpenHours } from './clock.js'

const windows = Type.Array(
  Type.Tuple([
    Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' }),
    Type.String({ pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$' }),
  ]),
)
const date = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d$' })
const instant = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:\\d\\d)$',
})
const common = {
  time_zone: Type.String({ minLength: 1 }),
  hours: Type.Object(
    Object.fromEntries(weekdays.map((day) => [day, Type.Optional(windows)])) as Record<
      (typeof weekdays)[number],
      Type.TOptional<typeof windows>
    >,
    { additionalProperties: false },
  ),
  holidays: Type.Optional(Type.Array(date)),
  breaks: Type.Optional(Type.Record(date, windows)),
  start: instant,
}
const questions = {
  due: Type.Object({ ...common, op: Type.Literal('due'), minutes: Type.Number({ minimum: 0 }) }),
  elapsed: Type.Object({ ...common, op: Type.Literal('elapsed'), end: instant }),
}
type Question = Static<(typeof questions)['due']> | Static<(typeof questions)['elapsed']>

/** @throws Error that names the property and what is wrong with it. */
export function calc(given: unknown): { due_utc: string | null } | { minutes: number } {
  const question = checked(given)
  const clock = clockOf(question)
  const start = Date.parse(question.start)
  if (question.op === 'elapsed') return { minutes: clock.elapsed(start, Date.parse(question.end)) / 60_000 }
  const due = clock.due(start, question.minutes * 60_000)
  return { due_utc: due === null ? null : new Date(due).toISOString().replace('.000Z', 'Z') }
}

function checked(given: unknown): Question {
  const op = (given as { op?: unknown } | null)?.op
  if (op !== 'due' && op !== 'elapsed') throw new Error('op: it is "due" or "elapsed"')
  const problem = Value.Errors(questions[op], given)[0]
  if (problem) throw new Error(`${problem.instancePath.slice(1) || op}: ${problem.message}`)
  const question = given as Question
  for (const at of [question.start, 'end' in question ? question.end : question.start])
    if (Number.isNaN(Date.parse(at))) throw new Error(`${at}: there is no such instant`)
  return question
}

function clockOf({ time_zone: timeZone, hours, holidays = [], breaks = {} }: Question): OpenHours {
  try {
    return new OpenHours({
      timeZone,
      hours: hours as Hours['hours'],
      closed: Object.fromEntries(holidays.map((date) => [date, 'holiday'])),
      closedYearly: {},
      breaks: breaks as Hours['breaks'],
    })
  } catch {
    throw new Error(`time_zone: ${timeZone} is no IANA time zone`)
  }
}
