// From the history of a ticket, its assignments and the versions of calendars to its timers: pure.
import { type Evaluated, evaluate } from '../engine/evaluate.js'
import type { Fact } from '../engine/facts.js'
import { type Calendars, rulesOf, versionAt } from '../policy/rules.js'
import type { Assignment } from './assign.js'

export function timersOf(
  facts: readonly Fact[],
  assignments: readonly Assignment[],
  calendars: Calendars,
  now: number,
): Evaluated[] {
  const rules = assignments.map(({ at, calendarId, targets }): Fact => {
    const calendar = calendarId === null ? undefined : versionAt(calendars(calendarId), at)
    return { at, type: 'rules', rules: calendar ? rulesOf(targets, calendar) : [] }
  })
  const past = [...editsOf(assignments, calendars), ...rules, ...facts].filter(({ at }) => at <= now)
  return evaluate(inOrder(past), now)
}

/** New versions count from when they were saved; what was counted before stays counted. */
function editsOf(assignments: readonly Assignment[], calendars: Calendars): Fact[] {
  const used = new Set(assignments.flatMap(({ calendarId }) => calendarId ?? []))
  const first = assignments[0]?.at ?? 0
  return [...used].flatMap((id) =>
    calendars(id)
      .filter(({ at }) => at > first)
      .map(({ at, calendar }): Fact => ({ at, type: 'calendar', calendar })),
  )
}

/** Of what happened at one instant, the rules come first: they hold for it already. */
const inOrder = (facts: readonly Fact[]): Fact[] => {
  const rank = ({ type }: Fact) =>
    type === 'calendar' ? 0 : type === 'rules' ? 1 : type === 'created' ? 2 : 3
  return facts.toSorted((a, b) => a.at - b.at || rank(a) - rank(b))
}
