// A timer in one sentence, for people.
import { DAY, MINUTE, SECOND } from 'frontdesk/plugin'
import { explain } from '../engine/explain.js'
import type { Metric, Timer } from '../engine/timer.js'

export const nameOf: Record<Metric, string> = {
  first_response: 'first response',
  next_response: 'next response',
  resolution: 'resolution',
  periodic_update: 'next update',
}

const WHY = {
  merged: 'was merged into another one',
  spam: 'is spam',
  withdrawn: 'is under no such target any more',
} as const

export function inWords(timer: Timer): string {
  const { metric, rule, state, dueAt, consumed, breachedAt } = timer
  const name = `The ${nameOf[metric]}`
  const clock = rule.calendar
    ? `open time of ${rule.calendar.name} (version ${rule.calendar.version})`
    : 'time'
  const used = `${lengthInWords(consumed)} of ${lengthInWords(rule.target)} of ${clock} are used`
  const skipped = skippedInWords(timer)
  switch (state) {
    case 'cancelled':
      return `${name} is not measured any more: the ticket ${WHY[timer.cancelled!]}.`
    case 'met':
      return `${name} came in time: ${used}${skipped}.`
    case 'stopped':
      return `${name} is not needed any more: the ticket was solved; ${used}${skipped}.`
    case 'breached':
      return `${name} was missed at ${instant(breachedAt!)}: ${used}${skipped}.`
    case 'paused':
      return `${name} waits: ${explain(timer).at(-1)?.why ?? 'paused'}; ${used}${skipped}.`
    default:
      return dueAt === null
        ? `${name} is never due: its calendar has too few open hours within two years; ${used}.`
        : `${name} is due at ${instant(dueAt)}: ${used}${skipped}.`
  }
}

/** The time that did not count, by its reasons. */
function skippedInWords(timer: Timer): string {
  const sums = new Map<string, number>()
  for (const { counted, from, to, why } of explain(timer)) {
    const reason = why.replace(/ \(.*\)$/, '')
    if (!counted) sums.set(reason, (sums.get(reason) ?? 0) + to - from)
  }
  if (sums.size === 0) return ''
  return `; not counted: ${[...sums].map(([why, ms]) => `${lengthInWords(ms)} ${why}`).join(', ')}`
}

const instant = (at: number) => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** Without seconds from a minute on; what is shorter is said in seconds, for "0 min" would be none at all. */
export function lengthInWords(ms: number): string {
  if (ms === 0) return '0 min'
  if (Math.abs(ms) < SECOND) return 'less than 1 s'
  if (Math.abs(ms) < MINUTE) return `${Math.floor(Math.abs(ms) / SECOND)} s`
  const minutes = Math.floor(Math.abs(ms) / MINUTE)
  const parts = [
    [Math.floor((minutes * MINUTE) / DAY), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ] as const
  return parts.flatMap(([count, unit]) => (count > 0 ? `${count} ${unit}` : [])).join(' ')
}
