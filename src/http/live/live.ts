// Live updates: one tail of the timeline per process, fanned out to all who listen, each entry only to those who may
// see its ticket at that moment. Nothing runs while nobody listens. Why nothing is missed: docs/decisions/0018.
import { setTimeout as delay } from 'node:timers/promises'
import { SECOND } from '../../clock.js'
import { type Position, readPosition, samePlace, writePosition } from '../../db/position.js'
import type { Db } from '../../db/types.js'
import { fail } from '../../errors.js'
import { permissions } from '../../people/permissions.js'
import type { Principal, Principals } from '../../people/principal.js'
import { visibleAmong } from '../../tickets/access.js'
import { forgetForeign, type TimelineRow, timelineBetween, timelinePosition } from '../../tickets/timeline.js'
import {
  type Connection,
  type ConnectionLimits,
  type EndReason,
  type LiveFilter,
  openConnection,
} from './connection.js'
import { liveEntry, wants } from './entry.js'

export interface LiveLimits extends ConnectionLimits {
  mostPerAgent: number
  mostPerProcess: number
  /** Entries that are sent after a cursor; a client that has missed more reloads. */
  mostReplayed: number
}

export const LIVE_LIMITS: LiveLimits = {
  mostPerAgent: 20,
  mostPerProcess: 1000,
  mostReplayed: 300,
  mostWaiting: 512 * 1024,
  beatMs: 15 * SECOND,
}

/** A right taken away in another process, or an entry whose notice was lost, is seen after that time. */
const PULSE_MS = SECOND / 2
/** Commits that come in quick succession share a look. */
const PAUSE_MS = 25
/** Rights that could not be read for that long are not believed any more. */
const BLIND_MS = 10 * SECOND
/** As `mostReplayed`: of so many entries not even the longest fill the buffer of a connection. */
const PAGE = 200

export interface Live {
  /**
   * @param cursor what a former connection was told last; undefined: from now on.
   * @throws DeskError `too_many_requests` at a cap.
   */
  open(who: Principal, filter: LiveFilter, cursor?: string): Connection['body']
  count(): number
  /** Ends all connections; resolves when nothing reads any more. */
  stop(): Promise<void>
}

export interface LiveDeps {
  db: Db
  principals: Pick<Principals, 'load'>
  log: { warn(what: object, message: string): void }
  limits?: Partial<LiveLimits>
}

export function createLive({ db, principals, log, limits: own = {} }: LiveDeps): Live {
  const limits = { ...LIVE_LIMITS, ...own }
  const joined = new Set<Connection>()
  const joining = new Map<Connection, { cursor: string | undefined }>()
  const connections = () => [...joined, ...joining.keys()]
  /** All up to here was handed to those who have joined; undefined while nobody listens. */
  let at: Position | undefined
  let pulse: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let again = false
  let rightsDue = true
  let stopped = false
  let seen = 0

  db.onCommit('timeline', wake)
  db.onCommit('people', () => {
    rightsDue = true
    wake()
  })

  function wake() {
    again = true
    if (pulse) looking ??= run()
  }

  async function run() {
    while (again && pulse) {
      again = false
      try {
        await look()
        seen = performance.now()
      } catch (error) {
        log.warn({ err: error }, 'live updates could not be read; it is tried again')
      }
      await delay(PAUSE_MS)
    }
    looking = undefined
  }

  function beat() {
    if (performance.now() - seen > BLIND_MS) for (const one of connections()) one.end('unavailable')
    rightsDue = true
    wake()
  }

  /** One step: what the database shows now and did not show at the last. */
  async function look() {
    if (!at && db.dialect.ahead) await db.transaction(forgetForeign)
    // Who comes during this look waits for the next: a cursor from another process may be newer than `to`.
    const arrived = [...joining]
    const to = await timelinePosition(db)
    const from = at ?? to
    if (rightsDue) {
      rightsDue = false
      await recheck(connections())
    }
    for await (const rows of pages(from, to)) await handOut(rows, joined, from)
    at = to
    const cursor = writePosition(to)
    for (const one of joined) {
      one.upTo(cursor)
      one.beat(cursor)
    }
    for (const [one, { cursor }] of arrived) {
      if (!joining.has(one)) continue
      await join(one, cursor, to)
      if (joining.delete(one)) joined.add(one)
    }
  }

  async function* pages(from: Position, to: Position) {
    if (samePlace(from, to)) return
    let after: { order: number; seq: number } | undefined
    do {
      const page = await timelineBetween(db, from, to, { limit: PAGE, ...(after && { after }) })
      if (page.rows.length > 0) yield page.rows
      after = page.next
    } while (after)
  }

  /** Between two steps: what came since its cursor, all of it before it hears of anything newer. */
  async function join(one: Connection, cursor: string | undefined, now: Position) {
    const end = writePosition(now)
    if (cursor === undefined) return one.event('ready', {}, end)
    const since = readPosition(cursor)
    if (!since || since.next > now.next) return one.event('reset', { reason: 'unknown_cursor' }, end)
    const { rows, next } = await timelineBetween(db, since, now, { limit: limits.mostReplayed + 1 })
    if (next) return one.event('reset', { reason: 'too_old' }, end)
    await handOut(rows, [one], since)
    one.upTo(end)
    one.event('ready', {}, end)
  }

  /** Rights as they are now, read after the entries were: nobody gets what they may not see any more. */
  async function recheck(some: Iterable<Connection>) {
    const list = [...some]
    if (list.length === 0) return
    const now = await principals.load([...new Set(list.map(({ who }) => who.tokenId))])
    for (const one of list) {
      const who = now.get(one.who.tokenId)
      if (!who) leave(one, 'unauthenticated')
      else if (!who.permissions.has(permissions.ticketsRead.name)) leave(one, 'forbidden')
      else one.who = who
    }
  }

  async function handOut(rows: readonly TimelineRow[], some: Iterable<Connection>, from: Position) {
    await recheck(some)
    const cursor = writePosition(from)
    const ticketIds = [...new Set(rows.map(({ ticketId }) => ticketId))]
    for (const alike of sameSight(some).values()) {
      const tickets = await visibleAmong(db, alike[0]!.who, ticketIds)
      for (const row of rows) {
        const ticket = tickets.get(row.ticketId)
        if (!ticket) continue
        const takers = alike.filter(({ filter }) => wants(filter, row, ticket))
        if (takers.length === 0) continue
        const data = liveEntry(row, ticket.number)
        for (const one of takers) one.entry(data, cursor)
      }
    }
  }

  function leave(one: Connection, reason: EndReason) {
    joined.delete(one)
    joining.delete(one)
    one.end(reason)
  }

  function closed(one: Connection) {
    joined.delete(one)
    joining.delete(one)
    if (joined.size + joining.size > 0) return
    clearInterval(pulse)
    pulse = undefined
  }

  return {
    open(who, filter, cursor) {
      const all = connections()
      if (stopped || all.length >= limits.mostPerProcess)
        throw fail('too_many_requests', 'This server has as many live connections as it takes.')
      if (all.filter((one) => one.who.agentId === who.agentId).length >= limits.mostPerAgent)
        throw fail('too_many_requests', `An agent may have ${limits.mostPerAgent} live connections.`)
      const one = openConnection(who, filter, limits)
      joining.set(one, { cursor })
      one.body.once('close', () => closed(one))
      if (!pulse) {
        at = undefined
        seen = performance.now()
        pulse = setInterval(beat, PULSE_MS)
      }
      wake()
      return one.body
    },
    count: () => joined.size + joining.size,
    async stop() {
      stopped = true
      for (const one of connections()) leave(one, 'stopping')
      clearInterval(pulse)
      pulse = undefined
      await looking
    },
  }
}

/** One query of tickets for all who see the same. */
function sameSight(some: Iterable<Connection>): Map<string, Connection[]> {
  const groups = new Map<string, Connection[]>()
  for (const one of some) {
    const { inboxIds, teamIds } = one.who
    const key = inboxIds === null ? 'all' : JSON.stringify([inboxIds.toSorted(), teamIds.toSorted()])
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return groups
}
