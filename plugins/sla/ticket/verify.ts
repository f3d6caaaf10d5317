// Is what is stored what comes out when everything is computed anew? Looks, and changes nothing. `verify-command.ts`
// asks it on the command line, and the tests after every edit.
import { asc, gt, inArray } from 'drizzle-orm'
import type { PluginTx } from 'frontdesk/plugin'
import type { Fields } from '../fields.js'
import {
  assign,
  computeAll,
  lowest,
  namesOf,
  nextLook,
  type Parts,
  type Planned,
  rowOfTicket,
  valuesOf,
} from './plan.js'
import type { TicketRow, TimerRow } from './queries.js'
import { readAll } from './read.js'
import { keyOf, rowOf } from './write.js'

export interface Difference {
  readonly ticketId: string
  readonly number: number
  /** `first_response 0 dueAt`, `sla.due`, `wake` … */
  readonly what: string
  readonly stored: unknown
  readonly computed: unknown
}

export interface Verified {
  readonly tickets: number
  readonly differences: readonly Difference[]
  /** When each ticket has to be looked at again; those that are not here, never. */
  readonly looks: ReadonlyMap<string, number>
}

const PAGE = 100

/** @param only these tickets; default: every bound one. */
export async function verify(parts: Parts, only?: readonly string[]): Promise<Verified> {
  const differences: Difference[] = []
  const looks = new Map<string, number>()
  let tickets = 0
  for (let after = ''; ; ) {
    const page = await undone(parts, (tx) => verifyPage(parts, tx, after, only))
    differences.push(...page.differences)
    for (const [id, at] of page.looks) looks.set(id, at)
    tickets += page.ids.length
    if (page.ids.length < PAGE) return { tickets, differences, looks }
    after = page.ids.at(-1)!
  }
}

async function verifyPage(parts: Parts, tx: PluginTx, after: string, only: readonly string[] | undefined) {
  const rows = await pageOf(parts, tx, after, only)
  const known = await readAll(parts.app, parts.queries, tx, rows)
  const added = new Map()
  const books = await parts.books.since(tx, lowest(rows))
  // Changes of policies do not follow tickets that are over: what they mean for one is decided when it goes on.
  for (const one of known) added.set(one, one.row.open ? await assign(parts.app, tx, one, books) : [])
  // Nothing of the timers that are stored goes into those that are computed.
  const planned = await computeAll(parts, tx, known, added)
  const ids = rows.map(({ ticketId }) => ticketId)
  const stored = await parts.app.readFields(tx, ids)
  const names = namesOf(books.at(-1))
  const waiting = new Set(await parts.wake.cancelMany(tx, ids))
  const looks = new Map<string, number>()
  const differences = planned.flatMap((one) => {
    const { ticketId, number } = one.known.row
    const look = nextLook(one)
    if (look !== null) looks.set(ticketId, look)
    const fields = { stored: stored.get(ticketId) ?? {}, computed: valuesOf(one, names) }
    const found = [
      ...inRow(one),
      ...inTimers(one, tx.now),
      ...inFields(fields.stored, fields.computed).filter(
        // A policy that was renamed: tickets that are over keep the name that they were measured under.
        ({ what }) => one.known.row.open || what !== 'sla.policy',
      ),
      ...inWork(one),
      ...differ('wake', waiting.has(ticketId), look !== null),
    ]
    return found.map((difference) => ({ ticketId, number, ...difference }))
  })
  return { ids, differences, looks }
}

function pageOf({ app }: Parts, tx: PluginTx, after: string, only: readonly string[] | undefined) {
  const { tickets } = app.tables
  // No more ids than a page has: a statement takes only so many.
  const ids = only
    ?.toSorted()
    .filter((id) => id > after)
    .slice(0, PAGE)
  return tx
    .select()
    .from(tickets)
    .where(ids ? inArray(tickets.ticketId, ids) : gt(tickets.ticketId, after))
    .orderBy(asc(tickets.ticketId))
    .limit(PAGE)
}

type Found = Omit<Difference, 'ticketId' | 'number'>

const plain = (value: unknown) => (value instanceof Date ? value.toISOString() : (value ?? null))

function differ(what: string, stored: unknown, computed: unknown): Found[] {
  const [a, b] = [plain(stored), plain(computed)]
  return a === b ? [] : [{ what, stored: a, computed: b }]
}

/** Not `seq`: notes and reports of delivery come after it, and change nothing. */
function inRow(one: Planned): Found[] {
  const computed = rowOfTicket(one)
  return (['policyId', 'open'] as const satisfies readonly (keyof TicketRow)[]).flatMap((name) =>
    differ(name, one.known.row[name], computed[name]),
  )
}

function inTimers(one: Planned, now: Date): Found[] {
  const stored = new Map(one.known.timers.map((row) => [keyOf(row), row]))
  const found = one.timers.flatMap(({ timer }): Found[] => {
    const key = keyOf(timer)
    const row = stored.get(key)
    stored.delete(key)
    if (!row) return [{ what: key, stored: null, computed: timer.state }]
    const computed = rowOf(one, timer, undefined, now)
    return (Object.keys(computed) as (keyof TimerRow)[])
      .filter((name) => isComparable(name, computed))
      .flatMap((name) => differ(`${key} ${name}`, row[name], computed[name]))
  })
  return [...found, ...[...stored].map(([what, { state }]) => ({ what, stored: state, computed: null }))]
}

/**
 * What is used up of a running timer grows by itself; when a breach was noticed is nowhere but in its row; and new
 * versions of a calendar pass by a timer that is cancelled: should it go on, all of it is computed anew.
 */
function isComparable(name: keyof TimerRow, { open, state }: TimerRow): boolean {
  if (name === 'consumedMs') return !open || state === 'paused'
  if (name === 'calendarVersion') return state !== 'cancelled'
  return name !== 'detectedAt'
}

const inFields = (stored: Partial<Record<keyof Fields, unknown>>, computed: Fields): Found[] =>
  (Object.keys(computed) as (keyof Fields)[]).flatMap((name) =>
    differ(`sla.${name}`, stored[name], computed[name]),
  )

/** What should have been done already. */
const inWork = ({ added, ahead }: Planned): Found[] => [
  ...added.map(({ why, policyId }) => ({ what: `assignment: ${why}`, stored: null, computed: policyId })),
  ...ahead.flatMap(({ due }) =>
    due.map(({ step, at }) => ({
      what: `step ${step.name}`,
      stored: null,
      computed: new Date(at).toISOString(),
    })),
  ),
]

/**
 * Of a waiting job one learns only by taking it back: so that is done in a transaction that is rolled back. It also
 * shows everything as it was at one instant.
 */
async function undone<Result>({ app }: Parts, work: (tx: PluginTx) => Promise<Result>): Promise<Result> {
  const undo = new Error('looked at, nothing is to be kept')
  let result: Result
  try {
    await app.db.transaction(async (tx) => {
      result = await work(tx)
      throw undo
    })
  } catch (error) {
    if (error !== undo) throw error
  }
  return result!
}
