// One question a line: when is it due, or how much was open. What `frontdesk sla calc` answers.
import type { Hours, Window } from '../calendar/hours.js'
import { OpenHours } from './clock.js'

interface Question {
  op: 'due' | 'elapsed'
  time_zone: string
  hours: Hours['hours']
  holidays?: readonly string[]
  breaks?: Readonly<Record<string, readonly Window[]>>
  start: string
  minutes?: number
  end?: string
}

export function calc(question: Question): { due_utc: string | null } | { minutes: number } {
  const clock = new OpenHours({
    timeZone: question.time_zone,
    hours: question.hours,
    closed: Object.fromEntries((question.holidays ?? []).map((date) => [date, 'holiday'])),
    closedYearly: {},
    breaks: question.breaks ?? {},
  })
  const start = Date.parse(question.start)
  if (question.op === 'elapsed') return { minutes: clock.elapsed(start, Date.parse(question.end!)) / 60_000 }
  const due = clock.due(start, question.minutes! * 60_000)
  return { due_utc: due === null ? null : new Date(due).toISOString().replace('.000Z', 'Z') }
}
