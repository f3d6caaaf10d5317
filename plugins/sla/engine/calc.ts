// One question about opening hours: when is it due, or how much was open.
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { type Asked, checkAsked, hoursOf } from '../calendar/asked.js'
import { definitionSchema } from '../calendar/definition.js'
import { weekdays } from '../calendar/hours.js'
import { readInstant } from '../calendar/instant.js'
import { OpenHours } from './clock.js'

const common = {
  time_zone: Type.String(),
  hours: definitionSchema.properties.hours,
  holidays: Type.Optional(Type.Array(Type.String())),
  breaks: definitionSchema.properties.breaks,
  start: Type.String(),
}
const questions = {
  due: Type.Object({ ...common, op: Type.Literal('due'), minutes: Type.Number({ minimum: 0 }) }),
  elapsed: Type.Object({ ...common, op: Type.Literal('elapsed'), end: Type.String() }),
}
type Question = Static<(typeof questions)['due']> | Static<(typeof questions)['elapsed']>

/** @throws Error that names the property and what is wrong with it. */
export function calc(given: unknown): { due_utc: string | null } | { minutes: number } {
  const question = shaped(given)
  const calendar = { ...question, timeZone: question.time_zone } as unknown as Asked
  const [problem] = checkAsked(calendar, '', 'time_zone')
  if (problem) throw new Error(`${problem.field}: ${problem.message}`)
  const clock = new OpenHours(hoursOf(calendar))
  const start = instantOf(question.start, 'start')
  if (question.op === 'elapsed') {
    const end = instantOf(question.end, 'end')
    if (end < start) throw new Error('end: is before `start`')
    return { minutes: clock.elapsed(start, end) / 60_000 }
  }
  const due = clock.due(start, question.minutes * 60_000)
  return { due_utc: due === null ? null : new Date(due).toISOString().replace('.000Z', 'Z') }
}

const EXPECTED = {
  due: '"due" asks with `minutes`, from 0; `end` belongs to "elapsed"',
  elapsed: '"elapsed" asks with `end`; `minutes` belongs to "due"',
}

function shaped(given: unknown): Question {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new Error('a question is a JSON object: {"op":"due", …} or {"op":"elapsed", …}')
  const { op } = given as { op?: unknown }
  if (op !== 'due' && op !== 'elapsed')
    throw new Error(
      'op: write "due" (when are `minutes` used up?) or "elapsed" (how much is open until `end`?)',
    )
  const [own, other] = op === 'due' ? ['minutes', 'end'] : ['end', 'minutes']
  if (!(own in given)) throw new Error(`${own}: is missing: ${EXPECTED[op]}`)
  if (other in given) throw new Error(`${other}: is not for this question: ${EXPECTED[op]}`)
  const problem = Value.Errors(questions[op], given)[0]
  if (problem) throw new Error(inWords(problem))
  return given as Question
}

const NEEDED: Record<string, string> = {
  time_zone: 'write an IANA name: "Europe/Berlin"',
  hours: `write windows by day (${weekdays.join(', ')}): {"mon":[["09:00","17:00"]]}`,
  holidays: 'write a list of dates: ["2026-05-01"]',
  breaks: 'write windows by date: {"2026-03-11":[["14:00","15:30"]]}',
  start: 'write an instant with its offset: "2026-03-03T09:00:00Z"',
  end: 'write an instant with its offset: "2026-03-03T09:00:00Z"',
  minutes: 'write a number, from 0',
}

function inWords({ instancePath, keyword, params }: ReturnType<typeof Value.Errors>[number]): string {
  const missing =
    (keyword === 'required' && (params as { requiredProperties: string[] }).requiredProperties[0]) || ''
  const field = `${instancePath.slice(1)}${missing}`
  // `boolean` is what a property that is not allowed at all is told.
  const what = missing ? 'is missing' : keyword === 'boolean' ? 'is not known here' : 'does not fit'
  return `${field.slice(0, 60)}: ${what}: ${NEEDED[field.split('/')[0]!]}`
}

function instantOf(text: string, field: string): number {
  const at = readInstant(text)
  if (typeof at === 'string') throw new Error(`${field}: ${at}`)
  return at
}
