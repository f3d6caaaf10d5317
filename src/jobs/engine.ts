// The engine `local`: runs what is due in this process. It is woken by a commit that scheduled something and by
// one timer for the next due time; it never polls blindly.
import { type Clock, SECOND, within } from '../clock.js'
import type { Db } from '../db/types.js'
import { reasonOf } from '../errors.js'
import { hopeless, isSuspect, reclaim } from './crashes.js'
import {
  type Claimed,
  claim,
  complete,
  extend,
  failed,
  giveBack,
  LEASE_MS,
  nextDue,
  settle,
} from './ledger.js'
import type { JobHandler, JobHandlers } from './types.js'

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
  /** Queues of BullMQ to be shown to administrators; not of this engine. */
  dashboardQueues?(): readonly unknown[]
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
  /** Told of each try that ended: for the metrics. Must not throw. */
  onOutcome?:
    | ((kind: string, outcome: 'done' | 'later' | 'dead' | 'lost', seconds: number) => void)
    | undefined
}

// setTimeout overflows beyond this and would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1

export function createLocalEngine({
  db,
  clock,
  handlers,
  log,
  concurrency = 64,
  sole = false,
  onOutcome,
}: EngineOptions): Engine {
  const running = new Map<string, { job: Claimed; over: Promise<void>; abort: AbortController }>()
  const count = new Map<string, number>()
  let started = false
  let timer: NodeJS.Timeout | undefined
  let timerAt = Number.POSITIVE_INFINITY
  let upkeep: NodeJS.Timeout | undefined
  let pumping: Promise<void> | undefined
  let again = false

  // A kind that had all its slots taken gets no more until half of them are free: one commit then takes many rows.
  const draining = new Set<string>()
  const slots = (name: string) => handlers.get(name)?.type.concurrency ?? 0
  const room = (name: string) => (draining.has(name) ? 0 : slots(name) - (count.get(name) ?? 0))
  const full = () => handlers.names().filter((name) => room(name) <= 0)
  const suspects = () => ![...running.values()].some(({ job }) => isSuspect(job))

  function wake() {
    if (!started) return
    again = true
    pumping ??= pump()
      .catch((error) => {
        // The database is away or busy: the upkeep timer wakes us again.
        log.error({ err: error }, 'the job engine could not read its ledger')
      })
      .finally(() => {
        pumping = undefined
        if (again) wake()
      })
  }

  async function pump() {
    while (again && started) {
      again = false
      const free = concurrency - running.size
      if (free <= 0) return
      const claimed = await claim(db, handlers, room, free, suspects())
      for (const job of claimed) begin(job)
      if (claimed.length > 0) again = true
    }
    if (!started) return
    // Cleared before the look at the ledger: what is scheduled during it sets the timer itself.
    clearTimeout(timer)
    timerAt = Number.POSITIVE_INFINITY
    const at = await nextDue(db, full(), suspects())
    if (at) ringAt(at)
  }

  /** One timer, for the earliest. */
  function ringAt(at: Date) {
    if (!started || at.getTime() >= timerAt) return
    clearTimeout(timer)
    timerAt = at.getTime()
    const wait = Math.min(Math.max(timerAt - clock.now().getTime(), 1), LONGEST_TIMER)
    timer = setTimeout(wake, wait)
  }

  function begin(job: Claimed) {
    const abort = new AbortController()
    const taken = (count.get(job.name) ?? 0) + 1
    count.set(job.name, taken)
    if (taken >= slots(job.name)) draining.add(job.name)
    const begun = performance.now()
    const ran = runOne(db, handlers.known(job.name)!, job, abort, log).then((outcome) =>
      onOutcome?.(job.name, outcome, (performance.now() - begun) / 1000),
    )
    const over = ran.finally(() => {
      const wasFull = running.size >= concurrency
      running.delete(job.id)
      const left = count.get(job.name)! - 1
      count.set(job.name, left)
      const drained = left <= slots(job.name) / 2 && draining.delete(job.name)
      if (drained || wasFull || isSuspect(job)) wake()
    })
    running.set(job.id, { job, over, abort })
  }

  async function keepUp() {
    await db.transaction(async (tx) => {
      await extend(
        tx,
        [...running.values()].map(({ job }) => job),
      )
      await reclaim(tx, false)
    })
    wake()
  }

  db.onCommit('jobs', (at) => {
    if (!at || at.getTime() <= clock.now().getTime()) wake()
    else ringAt(at)
  })

  return {
    async start() {
      await db.transaction(async (tx) => {
        await reclaim(tx, sole)
        await settle(tx, handlers)
      })
      started = true
      upkeep = setInterval(() => {
        keepUp().catch((error) => log.error({ err: error }, 'the job engine could not renew its leases'))
      }, LEASE_MS / 4)
      wake()
    },
    async stop(graceMs = 10 * SECOND) {
      started = false
      clearTimeout(timer)
      clearInterval(upkeep)
      await pumping
      const all = Promise.allSettled([...running.values()].map(({ over }) => over))
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, graceMs).unref())])
      for (const { abort } of running.values()) abort.abort()
      const rest = [...running.values()].map(({ job }) => job)
      if (rest.length > 0) await db.transaction((tx) => giveBack(tx, rest))
    },
    async runDue() {
      let ran = 0
      for (;;) {
        const claimed = await claim(db, handlers, room, concurrency)
        if (claimed.length === 0) return ran
        ran += claimed.length
        for (const job of claimed) begin(job)
        await Promise.all([...running.values()].map(({ over }) => over))
      }
    },
  }
}

async function runOne(
  db: Db,
  handler: JobHandler<unknown>,
  job: Claimed,
  abort: AbortController,
  log: EngineLog,
) {
  let completed = false
  try {
    const why = hopeless(job, handler)
    if (why) throw new Error(why)
    await within(
      handler.type.timeoutMs,
      () =>
        handler.run({
          id: job.id,
          data: job.data,
          createdAt: job.createdAt,
          attempt: job.attempts,
          signal: abort.signal,
          async complete(tx) {
            await complete(tx, job, handler)
            completed = true
          },
        }),
      () => abort.abort(),
    )
    if (!completed) await db.transaction((tx) => complete(tx, job, handler))
    return 'done' as const
  } catch (error) {
    const reason = reasonOf(error)
    const which = { job: job.name, id: job.id, attempt: job.attempts }
    try {
      const fate = await db
        .transaction((tx) => failed(tx, job, handler, reason))
        .catch((cause) => {
          log.error({ ...which, err: cause }, 'a failed job could not be recorded; it stays for later')
          return db.transaction((tx) => failed(tx, job, handler, reason, false))
        })
      log.warn({ ...which, err: error }, `a job failed: ${fate}`)
      return fate
    } catch (cause) {
      // The lease runs out and the row is claimed again.
      log.error({ ...which, err: cause }, 'a failed job could not be recorded')
      return 'lost' as const
    }
  }
}
