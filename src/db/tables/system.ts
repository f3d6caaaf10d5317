// Jobs, settings, answers kept for repeated requests.
import { sql } from 'drizzle-orm'
import type { Kit } from '../kit.js'

export type JobState = 'waiting' | 'running' | 'parked' | 'dead'

export const systemTables = (c: Kit) => ({
  jobs: c.table(
    'jobs',
    {
      id: c.text().primaryKey(),
      name: c.text().notNull(),
      /** Set while the row waits; a job that runs gives it up, so that the next can be scheduled. */
      key: c.text(),
      data: c.json<unknown>().notNull(),
      runAt: c.instant().notNull(),
      state: c.text().notNull().$type<JobState>(),
      attempts: c.int().notNull(),
      leaseUntil: c.instant(),
      /** Who holds the lease; a result that comes after the lease was lost is not taken. */
      lease: c.text(),
      error: c.text(),
      /** Null, unless its worker ended while it ran; then how often that is to be blamed on it. */
      crashes: c.int(),
      createdAt: c.instant().notNull(),
    },
    (t) => [
      c.unique('jobs_by_key').on(t.name, t.key),
      // With the name: what cannot run now is passed over without a look at its row.
      c.index('jobs_by_time').on(t.state, t.runAt, t.id, t.name),
      c.index('jobs_by_crashes').on(t.crashes, t.runAt).where(sql`crashes is not null`),
    ],
  ),
  settings: c.table('settings', {
    key: c.text().primaryKey(),
    value: c.json<unknown>().notNull(),
    updatedAt: c.instant().notNull(),
    updatedBy: c.text(),
  }),
  idempotency: c.table(
    'idempotency',
    {
      agentId: c.text().notNull(),
      key: c.text().notNull(),
      request: c.text().notNull(),
      status: c.int().notNull(),
      /** Sealed: an answer may hold a token. */
      body: c.text().notNull(),
      createdAt: c.instant().notNull(),
    },
    (t) => [c.key({ columns: [t.agentId, t.key] }), c.index('idempotency_by_age').on(t.createdAt)],
  ),
  plugins: c.table('plugins', {
    name: c.text().primaryKey(),
    version: c.text().notNull(),
    /** Names of its tables, so that they can be dropped when the plugin itself is gone. */
    tables: c.json<string[]>().notNull(),
    installedAt: c.instant().notNull(),
    /** When a desk first started without it; null: it is on, or was never missed. */
    offSince: c.instant(),
  }),
  /** Handlers of plugins that were switched off after repeated failures, or that a process died in. */
  pluginFaults: c.table(
    'plugin_faults',
    {
      plugin: c.text().notNull(),
      handler: c.text().notNull(),
      reason: c.text().notNull(),
      /** How often a process ended while it ran. */
      deaths: c.int().notNull(),
      off: c.bool().notNull(),
      at: c.instant().notNull(),
    },
    (t) => [c.key({ columns: [t.plugin, t.handler] })],
  ),
  /** What was written to agents: the same key once. */
  agentMails: c.table(
    'agent_mails',
    {
      key: c.text().primaryKey(),
      agentId: c.text().notNull(),
      createdAt: c.instant().notNull(),
    },
    (t) => [c.index('agent_mails_by_age').on(t.createdAt)],
  ),
  /** What plugins have to tell administrators. */
  notices: c.table(
    'notices',
    {
      plugin: c.text().notNull(),
      key: c.text().notNull(),
      level: c.text().notNull().$type<'info' | 'warning' | 'error'>(),
      text: c.text().notNull(),
      createdAt: c.instant().notNull(),
    },
    (t) => [c.key({ columns: [t.plugin, t.key] })],
  ),
})
