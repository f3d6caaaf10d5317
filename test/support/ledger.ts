// A ledger, engines of either kind, and handlers that a test writes on the spot.
import { inspect } from 'node:util'
import { eq } from 'drizzle-orm'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { type Clock, newId } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { createBullmqEngine } from '../../src/jobs/bullmq/engine.js'
import { type Claimed, claim } from '../../src/jobs/claim.js'
import { reclaim } from '../../src/jobs/crashes.js'
import type { Engine, EngineOptions } from '../../src/jobs/engine.js'
import { settle } from '../../src/jobs/ledger.js'
import { createLocalEngine } from '../../src/jobs/local.js'
import { type ScheduleOptions, schedule } from '../../src/jobs/schedule.js'
import { defineJob, type JobHandler, JobHandlers, type JobRun, type JobType } from '../../src/jobs/types.js'
import { testRedis } from '../../src/testing/index.js'

export type EngineName = 'local' | 'bullmq'

export type Row = Db['t']['jobs']['$inferSelect']

export interface Ledger {
  db: Db
  handlers: JobHandlers
  engine: Engine
  /** What the engine warned of. */
  warnings: string[]
  /** All that it logged, with the details. */
  logged(): string
  /** Another worker on the same database. */
  worker(options?: { db?: Db; handlers?: JobHandlers }): Engine
  /** What the start of the only worker does to the ledger, without running anything. */
  boot(known?: JobHandlers): Promise<void>
  /** Claims what is due and never comes back, as a killed process. */
  crash(): Promise<Claimed[]>
  add(schedule: JobType<number>, data: number, options?: ScheduleOptions): Promise<void>
  rows(name?: string): Promise<Row[]>
}

export interface LedgerOptions {
  concurrency?: number | undefined
  engine?: EngineName
  /** For what comes by the upkeep; shorter, it would hide a lost wake of the local engine. */
  upkeepMs?: number
  /** Instead of the Redis that tests may use. */
  redis?: string
  /** One that other processes use as well. */
  prefix?: string
}

export function openLedger(
  t: Test,
  db: Db,
  clock: Clock,
  {
    concurrency = 64,
    engine: which = 'local',
    upkeepMs,
    redis = testRedis(),
    prefix = `{test-${newId()}}`,
  }: LedgerOptions = {},
): Ledger {
  const handlers = new JobHandlers()
  const warnings: string[] = []
  const all: object[] = []
  const log = {
    warn(details: object, message: string) {
      warnings.push(line(details, message))
      all.push(details)
    },
    error(details: object, message: string) {
      log.warn(details, message)
    },
  }
  const engines: Engine[] = []
  const create = (options: EngineOptions) =>
    which === 'local' ? createLocalEngine(options) : createBullmqEngine({ ...options, url: redis!, prefix })
  const worker: Ledger['worker'] = (options = {}) => {
    const engine = create({
      db,
      clock,
      handlers,
      log,
      concurrency,
      ...(upkeepMs && { upkeepMs }),
      ...options,
    })
    engines.push(engine)
    return engine
  }
  t.teardown(async () => {
    for (const engine of engines) await engine.stop(0)
    if (which === 'bullmq') await forget(redis!, prefix)
  })
  return {
    db,
    handlers,
    engine: worker(),
    warnings,
    logged: () => inspect(all, { depth: 9 }),
    worker,
    boot: (known = handlers) =>
      db.transaction(async (tx) => {
        await reclaim(tx, true)
        await settle(tx, known)
      }),
    crash: () => claim(db, handlers, { room: () => 100, most: 100 }),
    add: (type, data, options) => db.transaction((tx) => schedule(tx, type, data, options)),
    rows: (name) =>
      db
        .select()
        .from(db.t.jobs)
        .where(name === undefined ? undefined : eq(db.t.jobs.name, name))
        .orderBy(db.t.jobs.runAt, db.t.jobs.id),
  }
}

/** A kind of job with a number as data, and its handler. */
export function kind(
  handlers: JobHandlers,
  name: string,
  run: (job: JobRun<number>) => Promise<unknown> | unknown,
  { dead, ...options }: Parameters<typeof defineJob>[1] & Pick<JobHandler<number>, 'dead'> = {},
): JobType<number> {
  const type = defineJob<number>(name, { backoff: () => 1000, ...options })
  handlers.add<number>({ type, run: async (job) => void (await run(job)), ...(dead && { dead }) })
  return type
}

function line({ err, reason = err?.message }: { err?: Error; reason?: string }, message: string): string {
  return reason ? `${message}: ${reason}` : message
}

/** Removes all keys of a prefix. */
async function forget(url: string, prefix: string) {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 })
  redis.on('error', () => {})
  try {
    const keys = await redis.keys(`${prefix.replaceAll(/[{}]/g, '?')}*`)
    if (keys.length > 0) await redis.unlink(keys)
  } catch {
    // A server of the test's own, which is gone or does not let us in.
  } finally {
    redis.disconnect()
  }
}
