// What the plugin keeps. Calendars and policies are kept in all their versions, because old timers are explained by
// old rules; timers and their steps can be computed again from the timeline and these versions.
import type { Kit } from 'frontdesk/plugin'
import type { CalendarDefinition } from './calendar/definition.js'
import type { Hours } from './calendar/hours.js'
import type { Metric, State } from './engine/timer.js'
import type { Policy } from './policy/policy.js'
import type { Target } from './policy/target.js'
import type { Outcome } from './report/outcome.js'

export const tables = (c: Kit) => ({
  calendars: c.table(
    'calendars',
    {
      id: c.text().primaryKey(),
      name: c.text().notNull(),
      /** The newest one. */
      version: c.int().notNull(),
      /** Of the iCalendar feed, where there is one. */
      feedCheckedAt: c.instant(),
      feedError: c.text(),
      /** Null: the last look at it went well. */
      feedFailingSince: c.instant(),
      createdAt: c.instant().notNull(),
      /** The row stays, because old tickets are explained by its versions; its name is free again. */
      deletedAt: c.instant(),
    },
    (t) => [c.unique('calendars_by_name').on(t.name)],
  ),
  calendarVersions: c.table(
    'calendar_versions',
    {
      calendarId: c.text().notNull(),
      version: c.int().notNull(),
      /** From when on it counts. */
      at: c.instant().notNull(),
      /** What was asked for. */
      definition: c.json<CalendarDefinition>().notNull(),
      /** What came out of it, with every holiday looked up. */
      hours: c.json<Hours>().notNull(),
      /** Names the hours by what they say: what was read once need not be read again. */
      digest: c.text().notNull(),
      /** The agent; null: the plugin, after a look at the feed or at the turn of a year. */
      agentId: c.text(),
    },
    (t) => [c.key({ columns: [t.calendarId, t.version] })],
  ),
  /** iCalendar as it came, because the dates of later years are worked out later. */
  calendarSources: c.table(
    'calendar_sources',
    {
      calendarId: c.text().notNull(),
      kind: c.text().notNull().$type<'feed' | 'file'>(),
      /** Of a feed: one of another URL is forgotten. */
      url: c.text(),
      text: c.text().notNull(),
      etag: c.text(),
      lastModified: c.text(),
      /** Of a file: whether events that are marked as free count. */
      includeFree: c.bool().notNull(),
      at: c.instant().notNull(),
    },
    (t) => [c.key({ columns: [t.calendarId, t.kind] })],
  ),
  /** The whole list of policies in its order, once per edit. A ticket is bound to the one that was valid when it came. */
  books: c.table('books', {
    revision: c.int().primaryKey(),
    at: c.instant().notNull(),
    policies: c.json<Policy[]>().notNull(),
    agentId: c.text(),
  }),
  tickets: c.table(
    'tickets',
    {
      ticketId: c.text().primaryKey(),
      number: c.int().notNull(),
      /** The book that it is bound to. */
      revision: c.int().notNull(),
      boundAt: c.instant().notNull(),
      /** The last entry of its timeline that was taken into account. */
      seq: c.int().notNull(),
      policyId: c.text(),
      /** While timers of it run or can run again. */
      open: c.bool().notNull(),
    },
    (t) => [c.index('tickets_by_policy').on(t.policyId, t.open, t.ticketId)],
  ),
  /** Which policy and targets held for a ticket, from when on: facts, kept as they were decided. */
  assignments: c.table(
    'assignments',
    {
      id: c.text().primaryKey(),
      ticketId: c.text().notNull(),
      at: c.instant().notNull(),
      revision: c.int().notNull(),
      /** Null: no policy holds. */
      policyId: c.text(),
      policyVersion: c.int(),
      calendarId: c.text(),
      targets: c.json<Target[]>().notNull(),
      why: c.text().notNull(),
    },
    (t) => [c.index('assignments_by_ticket').on(t.ticketId, t.at, t.id)],
  ),
  timers: c.table(
    'timers',
    {
      ticketId: c.text().notNull(),
      metric: c.text().notNull().$type<Metric>(),
      /** The first is 0; next responses and periodic updates have many. */
      cycle: c.int().notNull(),
      number: c.int().notNull(),
      policyId: c.text(),
      policyVersion: c.int(),
      calendarId: c.text(),
      calendarVersion: c.int(),
      targetMs: c.int().notNull(),
      startedAt: c.instant().notNull(),
      dueAt: c.instant(),
      state: c.text().notNull().$type<State>(),
      /** Neither stopped nor cancelled. */
      open: c.bool().notNull(),
      consumedMs: c.int().notNull(),
      stoppedAt: c.instant(),
      breachedAt: c.instant(),
      detectedAt: c.instant(),
      /** What reports count it as, and the instant by which it belongs to a period (report/outcome.ts). */
      outcome: c.text().notNull().$type<Outcome>(),
      countedAt: c.instant().notNull(),
      /** Counts the deadlines it has had: a step fires once for each. */
      deadline: c.int().notNull(),
      /** Who answered; for what nobody answered: whose ticket it was. */
      agentId: c.text(),
      teamId: c.text(),
      inboxId: c.text().notNull(),
      channel: c.text().notNull(),
    },
    (t) => [
      c.key({ columns: [t.ticketId, t.metric, t.cycle] }),
      c.index('timers_by_calendar').on(t.calendarId, t.open, t.ticketId),
      c.index('timers_by_start').on(t.startedAt, t.ticketId),
      c.index('timers_by_counted').on(t.countedAt, t.ticketId, t.metric, t.cycle),
    ],
  ),
  /** What was fired, at the instant that it was due: once for each step and deadline of a timer. */
  steps: c.table(
    'steps',
    {
      ticketId: c.text().notNull(),
      metric: c.text().notNull().$type<Metric>(),
      cycle: c.int().notNull(),
      step: c.text().notNull(),
      deadline: c.int().notNull(),
      at: c.instant().notNull(),
      firedAt: c.instant().notNull(),
    },
    (t) => [c.key({ columns: [t.ticketId, t.metric, t.cycle, t.step, t.deadline] })],
  ),
  /** What agents are told of, each for one agent. */
  notices: c.table(
    'notices',
    {
      id: c.text().primaryKey(),
      agentId: c.text().notNull(),
      ticketId: c.text().notNull(),
      number: c.int().notNull(),
      /** The timer that it is about; null: none of its own. */
      metric: c.text().$type<Metric>(),
      cycle: c.int(),
      text: c.text().notNull(),
      at: c.instant().notNull(),
      readAt: c.instant(),
      /** Null: waits for the digest. */
      mailedAt: c.instant(),
    },
    (t) => [
      c.index('notices_by_agent').on(t.agentId, t.readAt, t.id),
      c.index('notices_by_read').on(t.readAt, t.id),
      c.index('notices_by_ticket').on(t.ticketId),
      c.index('notices_waiting').on(t.mailedAt, t.agentId, t.id),
    ],
  ),
  /** Instants that are remembered across restarts. */
  marks: c.table('marks', { name: c.text().primaryKey(), at: c.instant().notNull() }),
})

export type Tables = ReturnType<typeof tables>
