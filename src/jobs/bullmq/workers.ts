// The workers of BullMQ, one for each kind of job this process can run: they hear the bells. BullMQ's own counts of
// stalls and tries must never decide anything: it would fail a job for good whose worker was killed twice.
import { DelayedError, Worker } from 'bullmq'
import { SECOND } from '../../clock.js'
import type { JobHandlers } from '../types.js'
import { queueName } from './bells.js'
import type { Connection } from './redis.js'
import type { Rungs } from './rung.js'

export interface Workers {
  /** Since the last call: how many rings each kind has heard. */
  heard(): ReadonlyMap<string, number>
  /** A new worker instead of one that hears nothing any more. */
  renew(kind: string): void
  /** No new rings; resolves when those heard are answered. */
  close(): Promise<void>
  /** At once, whatever is still on the way. */
  cut(): void
}

/** What a worker of BullMQ has, though its types hide it. */
interface Locks {
  readonly lockManager?: { close(): Promise<void> }
}

export interface WorkerOptions {
  redis: Connection
  prefix: string
  handlers: JobHandlers
  rungs: Rungs
}

export function createWorkers({ redis, prefix, handlers, rungs }: WorkerOptions): Workers {
  let counts = new Map<string, number>()
  const workers = new Map<string, Worker>()
  let closed = false

  // Not before: a worker whose first question is refused (a wrong password) would be of no use for ever. Also for
  // kinds that are paused: what rings for them is parked, and they may be resumed.
  redis.once('ready', () => {
    if (!closed) for (const kind of handlers.knownNames()) workers.set(kind, make(kind))
  })

  function make(kind: string): Worker {
    const { concurrency, rate } = handlers.known(kind)!.type
    const worker: Worker = new Worker(
      queueName(kind),
      async (job, token) => {
        counts.set(kind, (counts.get(kind) ?? 0) + 1)
        const rung = await rungs.ring({ id: job.id!, name: kind })
        if (rung.is !== 'later' && rung.is !== 'moved') return
        await job.moveToDelayed(rung.at.getTime(), token)
        throw new DelayedError()
      },
      {
        connection: redis as never,
        prefix,
        concurrency,
        ...(rate && { limiter: { max: rate.most, duration: rate.perMs } }),
        maxStalledCount: Number.MAX_SAFE_INTEGER,
        stalledInterval: 15 * SECOND,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
        runRetryDelay: 2 * SECOND,
      },
    )
    // The connection reports its faults itself; what became of the row stands in the ledger.
    worker.on('error', () => {})
    return worker
  }

  return {
    heard() {
      const before = counts
      counts = new Map()
      return before
    },
    renew(kind) {
      const deaf = workers.get(kind)
      if (closed || !deaf) return
      void deaf.close(true).catch(() => {})
      workers.set(kind, make(kind))
    },
    async close() {
      closed = true
      await Promise.allSettled([...workers.values()].map((worker) => worker.close()))
    },
    cut() {
      for (const worker of workers.values()) {
        void worker.close(true).catch(() => {})
        // Where its close waits for a Redis that is gone it never comes to this, and a timer keeps the process alive.
        void (worker as unknown as Locks).lockManager?.close()
      }
      redis.disconnect()
    },
  }
}
