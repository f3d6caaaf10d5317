// What every engine does: it rings for a row at its time, or soon after it. Attempts, backoff and death are the
// ledger's, so that all engines behave alike; test/jobs/contract.ts is their contract.
import type { Queue } from 'bullmq'
import type { Clock } from '../clock.js'
import type { Db } from '../db/types.js'
import type { JobHandlers } from './types.js'

export interface EngineLog {
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface Engine {
  start(): Promise<void>
  /** Lets running jobs finish for `graceMs`, then gives the rest back. */
  stop(graceMs?: number): Promise<void>
  /** Runs what is due now, until nothing is; for tests and commands. Returns how many ran. */
  runDue(): Promise<number>
  /** Queues that a dashboard can show, beside the ledger. */
  dashboardQueues?(): Queue[]
  /** How what it rings with does, where that is not this process. */
  health?(): Promise<{ ok: boolean; detail: string }>
}

export interface EngineOptions {
  db: Db
  clock: Clock
  handlers: JobHandlers
  log: EngineLog
  /** Jobs that run at once. */
  concurrency?: number
  /** No other process works on this database: what is marked running at the start is free. */
  sole?: boolean
  /** Between two looks after leases, parked rows and what nobody rang for. */
  upkeepMs?: number
  /** Told of each try that ended: for the metrics. Must not throw. */
  onOutcome?(kind: string, outcome: 'done' | 'later' | 'dead' | 'lost', seconds: number): void
}
