// What is asked of the database for each ticket that is looked at: built once, run for each.
import { and, asc, eq, gt, gte, inArray, sql } from 'drizzle-orm'
import { prepared, preparedBySize } from 'frontdesk/plugin'
import type { App } from '../app.js'

export type TicketRow = App['tables']['tickets']['$inferSelect']
export type TimerRow = App['tables']['timers']['$inferSelect']
export type StepRow = App['tables']['steps']['$inferSelect']
export type AssignmentRow = App['tables']['assignments']['$inferSelect']

type Params = Record<string, unknown>
const p = sql.placeholder
const ids = (size: number) => Array.from({ length: size }, (_, i) => p(`id${i}`))

export const queriesOf = ({ tables }: App) => {
  const { tickets, timers, steps, assignments, books, calendarVersions: versions, calendars } = tables
  return {
    row: prepared<{ id: string }, TicketRow>(
      (q) =>
        q
          .select()
          .from(tickets)
          .where(eq(tickets.ticketId, p('id'))) as never,
    ),
    /** The update is a lock: two workers never compute the same ticket at once. */
    lock: preparedBySize((size) =>
      prepared<Params, TicketRow>(
        (q) =>
          q
            .update(tickets)
            .set({ seq: sql`${tickets.seq}` })
            .where(inArray(tickets.ticketId, ids(size)))
            .returning() as never,
      ),
    ),
    assignments: preparedBySize((size) =>
      prepared<Params, AssignmentRow>(
        (q) =>
          q
            .select()
            .from(assignments)
            .where(inArray(assignments.ticketId, ids(size)))
            .orderBy(asc(assignments.ticketId), asc(assignments.at), asc(assignments.id)) as never,
      ),
    ),
    timers: preparedBySize((size) =>
      prepared<Params, TimerRow>(
        (q) =>
          q
            .select()
            .from(timers)
            .where(inArray(timers.ticketId, ids(size))) as never,
      ),
    ),
    steps: preparedBySize((size) =>
      prepared<Params, StepRow>(
        (q) =>
          q
            .select()
            .from(steps)
            .where(inArray(steps.ticketId, ids(size))) as never,
      ),
    ),
    /** Of a book and all that came after it. */
    booksSince: prepared<{ revision: number }, { revision: number; at: Date }>(
      (q) =>
        q
          .select({ revision: books.revision, at: books.at })
          .from(books)
          .where(gte(books.revision, p('revision')))
          .orderBy(asc(books.revision)) as never,
    ),
    versions: prepared<{ id: string }, { id: string; version: number; at: Date }>(
      (q) =>
        q
          .select({ id: versions.calendarId, version: versions.version, at: versions.at })
          .from(versions)
          .where(eq(versions.calendarId, p('id')))
          .orderBy(asc(versions.version)) as never,
    ),
    calendarName: prepared<{ id: string }, { name: string }>(
      (q) =>
        q
          .select({ name: calendars.name })
          .from(calendars)
          .where(eq(calendars.id, p('id'))) as never,
    ),
    saveRow: prepared<Params, never>(
      (q) =>
        q
          .update(tickets)
          .set({ seq: p('seq') as never, policyId: p('policyId') as never, open: p('open') as never })
          .where(eq(tickets.ticketId, p('id'))) as never,
    ),
    saveTimers: preparedBySize((size) => saveTimers(tables, size)),
    /** The next tickets whose timers run on a calendar. */
    onCalendar: prepared<{ id: string; after: string; limit: number }, { ticketId: string }>(
      (q) =>
        q
          .selectDistinct({ ticketId: timers.ticketId })
          .from(timers)
          .where(and(eq(timers.calendarId, p('id')), eq(timers.open, true), gt(timers.ticketId, p('after'))))
          .orderBy(asc(timers.ticketId))
          .limit(p('limit')) as never,
    ),
  }
}

export type Queries = ReturnType<typeof queriesOf>

/** All but the key, in the order of the table. */
const columns = [
  'number',
  'policyId',
  'policyVersion',
  'calendarId',
  'calendarVersion',
  'targetMs',
  'startedAt',
  'dueAt',
  'state',
  'open',
  'consumedMs',
  'stoppedAt',
  'breachedAt',
  'detectedAt',
  'outcome',
  'countedAt',
  'deadline',
  'agentId',
  'teamId',
  'inboxId',
  'channel',
] as const satisfies readonly (keyof TimerRow)[]

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const excluded = Object.fromEntries(columns.map((name) => [name, sql.raw(`excluded.${snake(name)}`)]))

function saveTimers({ timers }: App['tables'], size: number) {
  const names = ['ticketId', 'metric', 'cycle', ...columns]
  const values = Array.from({ length: size }, (_, i) =>
    Object.fromEntries(names.map((name) => [name, p(`${name}${i}`)])),
  )
  return prepared<Params, never>(
    (q) =>
      q
        .insert(timers)
        .values(values as never)
        .onConflictDoUpdate({
          target: [timers.ticketId, timers.metric, timers.cycle],
          set: excluded,
        }) as never,
  )
}
