// Brings what is stored of some tickets up to their facts: everything is computed anew, what differs is written, what
// is due is done, and a job waits for the next instant at which something will be.
import { newId, type PluginTx } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Evaluated } from '../engine/evaluate.js'
import type { Books } from '../policy/books.js'
import { type Calendars, hoursOf, versionAt } from '../policy/rules.js'
import { stepsOf } from '../policy/target.js'
import { type Assignment, assignmentsFor, type Book } from './assign.js'
import type { CalendarVersions } from './calendars.js'
import { timersOf } from './compute.js'
import { fire } from './fire.js'
import type { Queries } from './queries.js'
import { among, type Known, readAll, readSegments } from './read.js'
import { fieldsOf } from './shown.js'
import { type Ahead, stepsAhead } from './steps.js'
import { writeTimers } from './write.js'

export interface Parts {
  readonly app: App
  readonly books: Books
  readonly versions: CalendarVersions
  readonly queries: Queries
  /** Computes a ticket again at the next instant at which something is due. */
  readonly wake: ReturnType<App['job']>
}

export interface Planned {
  readonly known: Known
  /** Milliseconds: the instant to which everything was computed. */
  readonly at: number
  readonly added: readonly Assignment[]
  readonly current: Assignment | undefined
  readonly timers: readonly Evaluated[]
  readonly ahead: readonly Ahead[]
}

/**
 * Bound tickets only; the others are passed by.
 * @param breathe waits between the steps: of many tickets each takes a millisecond in which nothing else happens.
 */
export async function plan(
  parts: Parts,
  tx: PluginTx,
  ids: readonly string[],
  breathe: () => Promise<unknown> | undefined = () => undefined,
): Promise<void> {
  const { app, queries } = parts
  const rows = await among(tx, queries.lock, ids)
  if (rows.length === 0) return
  const known = await readAll(app, queries, tx, rows)
  await breathe()
  const added = new Map<Known, Assignment[]>()
  const books = await parts.books.since(tx, lowest(rows))
  for (const one of known) added.set(one, await assign(app, tx, one, books))
  const planned = await computeAll(parts, tx, known, added)
  await breathe()
  await write(parts, tx, planned, namesOf(books.at(-1)), breathe)
}

/** All books that any of them is bound to, or that came later. */
export const lowest = (rows: readonly { revision: number }[]): number =>
  Math.min(...rows.map(({ revision }) => revision))

/** What there has to be of them now. Writes nothing. */
export async function computeAll(
  parts: Parts,
  tx: PluginTx,
  known: readonly Known[],
  added: ReadonlyMap<Known, readonly Assignment[]>,
): Promise<Planned[]> {
  const used = known.flatMap((one) =>
    [...one.assignments, ...added.get(one)!].flatMap(({ calendarId }) => calendarId ?? []),
  )
  const calendars = await parts.versions.of(tx, used)
  return known.map((one) => compute(one, added.get(one)!, calendars, tx.now.getTime()))
}

/** @param books those from the one that it is bound to, at least. */
export async function assign(
  app: App,
  tx: PluginTx,
  known: Known,
  books: readonly Book[],
): Promise<Assignment[]> {
  const [book, ...later] = books.filter(({ revision }) => revision >= known.row.revision)
  if (!book) return []
  const last = known.assignments.at(-1)
  return assignmentsFor(
    {
      moments: known.history.moments,
      judged: known.row.seq,
      last: last && { ...last, at: last.at.getTime() },
      binding: { book, boundAt: known.row.boundAt.getTime(), later },
      segments: await readSegments(app, tx, known.ticket, book),
    },
    notBefore(known, tx.now.getTime()),
  )
}

/**
 * A clock that was put back does not undo what was recorded, lest it happen and be told a second time: for a ticket the
 * time stands still until the clock has come so far again.
 */
export function notBefore({ history, row, timers, steps, assignments }: Known, now: number): number {
  const recorded = [
    row.boundAt,
    ...timers.flatMap(({ startedAt, stoppedAt, detectedAt }) => [startedAt, stoppedAt, detectedAt]),
    ...steps.map(({ firedAt }) => firedAt),
    ...assignments.map(({ at }) => at),
  ]
  return recorded.reduce((latest, at) => Math.max(latest, at?.getTime() ?? 0), Math.max(now, history.last))
}

export function compute(
  known: Known,
  added: readonly Assignment[],
  calendars: Calendars,
  clock: number,
): Planned {
  const now = notBefore(known, clock)
  const all = [...known.assignments.map((row) => ({ ...row, at: row.at.getTime() })), ...added]
  const current = all.at(-1)
  const timers = timersOf(known.history.facts, all, calendars, now)
  const ahead = timers.map((one) => {
    const target = current?.targets.find(({ metric }) => metric === one.timer.metric)
    const calendar = current?.calendarId ? versionAt(calendars(current.calendarId), now) : undefined
    if (!target || !calendar) return { due: [], next: null }
    const { metric, cycle, deadline } = one.timer
    const fired = known.steps
      .filter((row) => row.metric === metric && row.cycle === cycle && row.deadline === deadline)
      .map(({ step }) => step)
    return stepsAhead(one, stepsOf(target), new Set(fired), hoursOf(calendar), now)
  })
  return { known, at: now, added, current, timers, ahead }
}

async function write(
  parts: Parts,
  tx: PluginTx,
  planned: readonly Planned[],
  names: ReadonlyMap<string, string>,
  breathe: () => Promise<unknown> | undefined,
): Promise<void> {
  const { app } = parts
  await writeAssignments(app, tx, planned)
  await writeTimers(parts, tx, planned)
  await writeRows(parts, tx, planned)
  await breathe()
  await app.setFields(
    tx,
    planned.map((one) => ({ ticketId: one.known.row.ticketId, values: valuesOf(one, names) })),
  )
  await breathe()
  await schedule(parts, tx, planned)
  for (const one of planned) await fire(app, tx, one)
}

export const namesOf = (book: Book | undefined): ReadonlyMap<string, string> =>
  new Map(book?.policies.map(({ id, name }) => [id, name]))

/** The fields of the ticket. @param names of the policies by their ids. */
export function valuesOf({ known, current, timers, ahead }: Planned, names: ReadonlyMap<string, string>) {
  const policy = current?.policyId ? (names.get(current.policyId) ?? current.policyId) : null
  return fieldsOf(timers, policy, isWarned(known, timers, ahead))
}

async function writeAssignments(app: App, tx: PluginTx, planned: readonly Planned[]) {
  const rows = planned.flatMap(({ known, added }) =>
    added.map(({ at, targets, ...rest }) => ({
      ...rest,
      id: newId(),
      ticketId: known.row.ticketId,
      at: new Date(at),
      targets: [...targets],
    })),
  )
  if (rows.length > 0) await tx.insert(app.tables.assignments).values(rows)
}

async function writeRows({ queries }: Parts, tx: PluginTx, planned: readonly Planned[]) {
  for (const one of planned) {
    const { row } = one.known
    const next = rowOfTicket(one)
    if (next.seq === row.seq && next.policyId === row.policyId && next.open === row.open) continue
    await tx.run(queries.saveRow, { ...next, id: row.ticketId })
  }
}

export function rowOfTicket({ known, current, timers }: Planned) {
  const { history, ticket } = known
  const merged = history.facts.some(({ type }) => type === 'merged')
  return {
    seq: history.seq,
    policyId: current?.policyId ?? null,
    // A ticket that is closed for good is not looked at again when calendars and policies change.
    open: !merged && ticket.status !== 'closed' && timers.some(({ timer }) => timer.state !== 'cancelled'),
  }
}

const isWarned = ({ steps }: Known, timers: readonly Evaluated[], ahead: readonly Ahead[]) =>
  timers.some(
    ({ timer }, i) =>
      timer.state === 'running' &&
      (ahead[i]!.due.length > 0 ||
        steps.some(
          (row) =>
            row.metric === timer.metric && row.cycle === timer.cycle && row.deadline === timer.deadline,
        )),
  )

async function schedule({ wake }: Parts, tx: PluginTx, planned: readonly Planned[]) {
  const at = new Map(planned.map((one) => [one.known.row.ticketId, nextLook(one)]))
  const waiting = [...at].flatMap(([ticketId, next]) =>
    next === null ? [] : [{ data: { ticketId }, key: ticketId, at: new Date(next) }],
  )
  const none = [...at].flatMap(([ticketId, next]) => (next === null ? [ticketId] : []))
  if (waiting.length > 0) await wake.scheduleMany(tx, waiting)
  if (none.length > 0) await wake.cancelMany(tx, none)
}

/** The next deadline, step, or reply that was planned for later. */
export function nextLook({ known, at: now, timers, ahead }: Planned): number | null {
  const instants = [
    ...ahead.flatMap(({ next }) => next ?? []),
    ...timers.flatMap(({ timer }) =>
      timer.state === 'running' && timer.dueAt !== null ? timer.dueAt + 1 : [],
    ),
    ...known.history.facts.flatMap(({ at }) => (at > now ? at : [])),
  ]
  return instants.length > 0 ? Math.min(...instants) : null
}
