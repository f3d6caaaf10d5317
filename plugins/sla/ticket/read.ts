// What is known of some tickets, read in a few queries however many they are.
import {
  batches,
  type PluginReader,
  type Prepared,
  paramsOf,
  type TicketView,
  type TimelineEntry,
} from 'frontdesk/plugin'
import type { App } from '../app.js'
import { segmentsOf } from '../policy/choose.js'
import type { Book } from './assign.js'
import { type History, historyOf, type Reading } from './history.js'
import type { AssignmentRow, Queries, StepRow, TicketRow, TimerRow } from './queries.js'

export interface Known {
  readonly row: TicketRow
  readonly ticket: TicketView
  readonly history: History
  readonly assignments: readonly AssignmentRow[]
  readonly timers: readonly TimerRow[]
  readonly steps: readonly StepRow[]
}

/** Longer ones are read on in pages. */
const LONG = 500
const PAGE = 200

/** @param rows locked by this transaction, where something is to be written. */
export async function readAll(
  app: App,
  queries: Queries,
  tx: PluginReader,
  rows: readonly TicketRow[],
): Promise<Known[]> {
  const ids = rows.map(({ ticketId }) => ticketId)
  const tickets = await app.desk.ticketsById(tx, ids)
  const timelines = await app.desk.timelines(tx, ids, { limit: LONG })
  const assigned = byTicket(await among(tx, queries.assignments, ids))
  const timed = byTicket(await among(tx, queries.timers, ids))
  const fired = byTicket(await among(tx, queries.steps, ids))
  const found: Known[] = []
  const settings = app.settings()
  for (const row of rows) {
    const ticket = tickets.get(row.ticketId)
    if (!ticket) continue
    const timeline = await readTimeline(app, tx, row.ticketId, timelines.get(row.ticketId) ?? [])
    found.push({
      row,
      ticket,
      history: await readHistory(app, tx, ticket, timeline, settings),
      assignments: assigned.get(row.ticketId) ?? [],
      timers: timed.get(row.ticketId) ?? [],
      steps: fired.get(row.ticketId) ?? [],
    })
  }
  return found
}

/** Rows of these tickets. */
export async function among<Row>(
  r: PluginReader,
  query: (size: number) => Prepared<Record<string, unknown>, Row>,
  ids: readonly string[],
): Promise<Row[]> {
  const found: Row[] = []
  for (const some of batches(ids))
    found.push(...(await r.run(query(some.length), paramsOf(some.map((id) => ({ id }))))))
  return found
}

/** @param begin what was read of it already. */
export async function readTimeline(
  app: App,
  r: PluginReader,
  ticketId: string,
  begin: readonly TimelineEntry[] = [],
): Promise<readonly TimelineEntry[]> {
  if (begin.length > 0 && begin.length < LONG) return begin
  const entries = [...begin]
  for (;;) {
    const page = await app.desk.timeline(r, ticketId, { since: entries.at(-1)?.seq ?? 0, limit: PAGE })
    entries.push(...page)
    if (page.length < PAGE) return entries
  }
}

/** Messages that came from other tickets say themselves which direction they have. */
export async function readHistory(
  app: App,
  r: PluginReader,
  ticket: TicketView,
  timeline: readonly TimelineEntry[],
  settings: Omit<Reading, 'moved'> = app.settings(),
): Promise<History> {
  const moved = new Map<string, 'in' | 'out' | 'note'>()
  for (const { type, messageId } of timeline)
    if (type === 'message_moved' && messageId !== null) {
      const message = await app.desk.message(r, messageId)
      if (message) moved.set(messageId, message.direction)
    }
  return historyOf(ticket, timeline, { ...settings, moved })
}

/** Nothing is read where no policy asks for segments. */
export async function readSegments(app: App, r: PluginReader, ticket: TicketView, book: Book) {
  const asked = book.policies.some(({ when }) => when.segments !== undefined)
  const contact = asked ? await app.desk.contact(r, ticket.requesterId) : undefined
  const addresses = contact?.identities.filter(({ kind }) => kind === 'email').map(({ value }) => value)
  return segmentsOf(app.settings().segments, addresses ?? [])
}

function byTicket<Row extends { ticketId: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const found = new Map<string, Row[]>()
  for (const row of rows) {
    const list = found.get(row.ticketId)
    if (list) list.push(row)
    else found.set(row.ticketId, [row])
  }
  return found
}
