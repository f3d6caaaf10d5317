// Why a timer is due when it is: its time in pieces, counted or not, each with the reason in words and as data.
import type { Calendar, Stretch, Timer } from './timer.js'

export type Reason = 'open' | 'world' | 'closed' | 'holiday' | 'paused' | 'solved' | 'spam' | 'untargeted'

export interface Segment {
  readonly from: number
  readonly to: number
  readonly counted: boolean
  readonly reason: Reason
  readonly why: string
}

/** Longer explanations nobody reads; the figures of a timer do not depend on it. */
const MOST_SEGMENTS = 2000

/** From the start to where it stands, and on to its due time where that lies ahead. */
export function explain(timer: Timer): Segment[] {
  const { stoppedAt, stretches, dueAt, state, rule } = timer
  const end = stretches.at(-1)?.to ?? timer.startedAt
  const past = stretches.filter(({ from }) => stoppedAt === null || from < stoppedAt)
  const ahead: Stretch[] =
    state === 'running' && dueAt !== null && dueAt > end
      ? [{ from: end, to: dueAt, held: null, calendar: rule.calendar, holds: [], counted: 0 }]
      : []
  const found: Segment[] = []
  for (const stretch of [...past, ...ahead])
    for (const segment of piecesOf(stretch)) {
      const last = found.at(-1)
      if (last?.why === segment.why && last.to === segment.from)
        found[found.length - 1] = { ...last, to: segment.to }
      else if (found.push(segment) >= MOST_SEGMENTS) return found
    }
  return found
}

function piecesOf({ from, to, held, calendar }: Stretch): Segment[] {
  if (held !== null) return [{ from, to, counted: false, ...heldBy(held) }]
  if (calendar === undefined)
    return [{ from, to, counted: false, reason: 'untargeted', why: 'no target held' }]
  if (calendar === null)
    return [{ from, to, counted: true, reason: 'world', why: 'counted around the clock' }]
  const pieces: Segment[] = []
  let at = from
  const gap = (until: number) => until > at && pieces.push(closed(calendar, at, until))
  for (const span of calendar.clock.open(from, to)) {
    gap(span.from)
    pieces.push({ ...span, counted: true, reason: 'open', why: `open${nameOf(calendar)}` })
    at = span.to
  }
  gap(to)
  return pieces
}

function heldBy(held: string): Pick<Segment, 'reason' | 'why'> {
  if (held === 'solved' || held === 'spam') return { reason: held, why: held }
  const why = held.startsWith('tag:') ? `paused: tag ${held.slice(4)}` : `paused: status ${held}`
  return { reason: 'paused', why }
}

function closed(calendar: Calendar, from: number, to: number): Segment {
  const holidays = calendar.clock.holidays(from, to)
  const names = holidays.map(({ date, why }) => (why === 'holiday' ? date : `${date} ${why}`))
  const why = names.length > 0 ? `holiday: ${names.join(', ')}` : 'closed'
  return {
    from,
    to,
    counted: false,
    reason: names.length > 0 ? 'holiday' : 'closed',
    why: why + nameOf(calendar),
  }
}

const nameOf = ({ name, version }: Calendar) => (name === '' ? '' : ` (${name}, version ${version})`)
