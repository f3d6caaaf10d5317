// What the tests of edits and of clocks share: chance with a seed, and the question whether what is stored is right.
import { and, eq, sql } from 'drizzle-orm'
import type { slaDesk } from '../test-kit.js'
import type { Verified } from './verify.js'

export type Desk = Awaited<ReturnType<typeof slaDesk>>

/** Targets of all metrics, of minutes that chance has chosen, with steps before and after. */
export const someTargets = ({ below, one, maybe }: Chance) => [
  {
    metric: 'first_response',
    within: one(['30 business minutes', '2 business hours', '1 business day', '3 hours']),
    steps: [
      { name: 'soon', at: '-15 minutes', actions: [{ do: 'tag', tag: 'soon' }] },
      { name: 'missed', at: '0 minutes', actions: [] },
      { name: 'later', at: '45 minutes', actions: [] },
    ],
  },
  ...(maybe(4) ? [] : [{ metric: 'next_response', within: `${30 + below(300)} business minutes` }]),
  ...(maybe(4)
    ? []
    : [
        {
          metric: 'resolution',
          within: `${60 + below(3000)} business minutes`,
          ...(maybe(3) && { pauseWhile: ['pending', 'tag:snoozed', 'tag:third-party', 'open'] }),
          steps: [{ name: 'half', at: '-30 business minutes', actions: [{ do: 'priority', to: 'up' }] }],
        },
      ]),
  ...(maybe(3) ? [{ metric: 'periodic_update', within: one(['1 day', '4 business hours']) }] : []),
]

/** Hours of an office somewhere, with some holidays. */
export const someCalendar = ({ below, one, some }: Chance) => ({
  timeZone: one(['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland']),
  hours: Object.fromEntries(
    ['mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((day) => [
      day,
      one([
        [['09:00', '17:00']],
        [
          ['08:00', '12:00'],
          ['13:30', '18:00'],
        ],
        [['00:00', '24:00']],
      ]), // prettier
    ]),
  ),
  holidays: some(Array.from({ length: 28 }, (_, i) => ({ date: `2026-03-${`${i + 1}`.padStart(2, '0')}` }))),
  ...(below(4) === 0 && { breaks: { '2026-03-18': [['10:00', '11:00']] } }),
})

export interface Chance {
  /** From 0 to below `most`. */
  below(most: number): number
  /** One of so many. */
  maybe(of: number): boolean
  one<Value>(list: readonly Value[]): Value
  some<Value>(list: readonly Value[]): Value[]
}

/** Numbers that look like chance and are the same for a seed (xorshift). */
export function chance(seed: number): Chance {
  let state = seed || 1
  const below = (most: number) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % most
  }
  return {
    below,
    maybe: (of) => below(of) === 0,
    one: (list) => list[below(list.length)]!,
    some: (list) => list.filter(() => below(3) === 0),
  }
}

/** What `frontdesk sla verify` finds, and jobs that do not wait for the instant at which something is due. */
export async function differences({ app }: Desk): Promise<object[]> {
  const { registered } = app.plugins.all.find(({ plugin }) => plugin.name === 'sla')!
  const command = registered.commands.find(({ name }) => name === 'verify')!
  const lines: string[] = []
  const say = (line: string) => void lines.push(line)
  const code = await command.run({ args: [], values: { json: true }, stdin: none(), say })
  const found: Verified & { looks: Record<string, number> } = JSON.parse(lines.join(''))
  if ((code === 1) !== found.differences.length > 0) return [{ code }]
  const { jobs } = app.db.t
  const rows = await app.db
    .select()
    .from(jobs)
    .where(and(eq(jobs.name, 'sla.wake'), eq(jobs.state, 'waiting')))
  const waiting = new Map(rows.map(({ key, runAt }) => [key!, runAt.getTime()]))
  const late = Object.entries(found.looks)
    .filter(([id, at]) => waiting.get(id) !== at)
    .map(([id, at]) => ({ id, waits: waiting.get(id), computed: at }))
  return [...found.differences, ...late]
}

async function* none(): AsyncGenerator<string> {}

/** What is stored of the breaches: the state of their timers and the two instants, by the timer. */
export async function breaches({ app }: Desk) {
  const rows = await app.db.rows<Record<string, string>>(
    sql`select ticket_id, metric, cycle, state, breached_at, detected_at from sla_timers where breached_at is not null`,
  )
  const instant = (value: unknown) => new Date(value as string).toISOString()
  return new Map(
    rows.map(({ ticket_id, metric, cycle, state, breached_at, detected_at }) => [
      `${ticket_id} ${metric} ${cycle}`,
      { state, breachedAt: instant(breached_at), detectedAt: instant(detected_at) },
    ]),
  )
}

/** The states that timers are in. */
export const statesNow = async ({ app }: Desk): Promise<string[]> =>
  (await app.db.rows<{ state: string }>(sql`select distinct state from sla_timers`)).map(({ state }) => state)
