// Runs claimed jobs, whatever rang for them: slots by kind, leases while they run, their end in the ledger.
import { SECOND, within } from '../clock.js'
import { reasonOf } from '../errors.js'
import type { Claimed, Room } from './claim.js'
import { hopeless, isSuspect, reclaim } from './crashes.js'
import type { EngineOptions } from './engine.js'
import { createFinisher } from './finish.js'
import { complete, extend, type Fate, failed, giveBack, park, unpark } from './ledger.js'
import { createRates, type Rates } from './rate.js'

export interface Runner {
  readonly rates: Rates
  /** Slots of a kind that are free. */
  slots: Room
  /** The same, but none until half of them are free, once all were taken: one claim then takes many rows. */
  room: Room
  /** Slots of all kinds together. */
  free(): number
  /** Whether no job runs that another process died with. */
  maySuspect(): boolean
  /** One claim at a time: two that look at the same free slots would both fill them. */
  alone<R>(claim: () => Promise<R>): Promise<R>
  /** Runs it; resolves with what became of it, and never rejects. */
  begin(job: Claimed): Promise<Fate>
  /** Keeps the leases of what runs, and frees what others left. @returns how many rows were freed. */
  keepUp(): Promise<number>
  /** Resolves when nothing runs. */
  idle(): Promise<void>
  /** Waits for what runs, `graceMs` at most, and gives the rest back. */
  stop(graceMs: number): Promise<void>
}

export interface RunnerEvents {
  /** A job has ended. `room`: more of its kind, or of all, may be claimed than before. */
  onEnd?(job: Claimed, room: boolean): void
}

interface Running {
  job: Claimed
  over: Promise<Fate>
  abort: AbortController
  /** Waits no longer for its handler: the timer of its limit would keep the process alive for minutes. */
  leave(): void
  /** Tells whoever rang, also before it is over. */
  resolve(fate: Fate): void
}

export function createRunner(
  { db, clock, handlers, log, concurrency = 64, onOutcome = () => {} }: EngineOptions,
  { onEnd = () => {} }: RunnerEvents,
): Runner {
  const running = new Map<string, Running>()
  /** Given back: what becomes of them here is nobody's business any more. */
  const given = new Set<string>()
  let claiming: Promise<unknown> = Promise.resolve()
  const count = new Map<string, number>()
  const draining = new Set<string>()
  const rates = createRates(() => clock.now())
  const finish = createFinisher(db)

  const most = (name: string) => handlers.get(name)?.type.concurrency ?? 0
  const slots = (name: string) => (rates.heldUntil(name) ? 0 : most(name) - (count.get(name) ?? 0))
  const room = (name: string) => (draining.has(name) ? 0 : slots(name))

  function ended(job: Claimed) {
    const wasFull = running.size >= concurrency
    running.delete(job.id)
    const left = count.get(job.name)! - 1
    count.set(job.name, left)
    const drained = left <= most(job.name) / 2 && draining.delete(job.name)
    onEnd(job, drained || wasFull || isSuspect(job))
  }

  async function run(job: Claimed, abort: AbortController, cut: Promise<never>): Promise<Fate> {
    const handler = handlers.known(job.name)!
    let completed = false
    try {
      const why = hopeless(job, handler)
      if (why) throw new Error(why)
      await within(
        handler.type.timeoutMs,
        () => {
          const work = handler.run({
            id: job.id,
            data: job.data,
            createdAt: job.createdAt,
            attempt: job.attempts,
            signal: abort.signal,
            async complete(tx) {
              await complete(tx, job, handler)
              completed = true
            },
          })
          return Promise.race([work, cut])
        },
        () => abort.abort(),
      )
      if (!completed) await finish({ job, handler })
      return { is: 'done' }
    } catch (error) {
      return recordFailure(job, error)
    }
  }

  async function recordFailure(job: Claimed, error: unknown): Promise<Fate> {
    if (given.has(job.id)) return { is: 'lost' }
    const handler = handlers.known(job.name)!
    const reason = reasonOf(error)
    const which = { job: job.name, id: job.id, attempt: job.attempts }
    try {
      const fate = await db
        .transaction((tx) => failed(tx, job, handler, reason))
        .catch((cause) => {
          log.error({ ...which, err: cause }, 'a failed job could not be recorded; it stays for later')
          return db.transaction((tx) => failed(tx, job, handler, reason, false))
        })
      log.warn({ ...which, err: error }, `a job failed: ${fate.is}`)
      return fate
    } catch (cause) {
      // The lease runs out and the row is claimed again.
      log.error({ ...which, err: cause }, 'a failed job could not be recorded')
      return { is: 'lost' }
    }
  }

  return {
    rates,
    slots,
    room,
    free: () => concurrency - running.size,
    maySuspect: () => ![...running.values()].some(({ job }) => isSuspect(job)),
    alone(claim) {
      const claimed = claiming.then(claim)
      claiming = claimed.catch(() => {})
      return claimed
    },
    begin(job) {
      const abort = new AbortController()
      const taken = (count.get(job.name) ?? 0) + 1
      count.set(job.name, taken)
      if (taken >= most(job.name)) draining.add(job.name)
      let leave!: () => void
      const cut = new Promise<never>((_, reject) => {
        leave = () => reject(new Error('it was given back'))
      })
      cut.catch(() => {})
      return new Promise((resolve) => {
        const began = performance.now()
        const over = run(job, abort, cut).finally(() => ended(job))
        void over.then((fate) => {
          onOutcome(job.name, fate.is, (performance.now() - began) / 1000)
          resolve(fate)
        })
        running.set(job.id, { job, over, abort, leave, resolve })
      })
    },
    keepUp: () =>
      db.transaction(async (tx) => {
        await extend(
          tx,
          [...running.values()].map(({ job }) => job),
        )
        await unpark(tx, handlers)
        await park(tx, handlers, UNKNOWN_MS)
        return reclaim(tx, false)
      }),
    async idle() {
      await Promise.all([...running.values()].map(({ over }) => over))
    },
    async stop(graceMs) {
      const all = Promise.allSettled([...running.values()].map(({ over }) => over))
      await Promise.race([all, new Promise((resolve) => setTimeout(resolve, graceMs).unref())])
      const rest = [...running.values()]
      if (rest.length === 0) return
      // Before they are told: one that fails because of it must not use up a try.
      for (const { job } of rest) given.add(job.id)
      for (const { abort } of rest) abort.abort()
      const jobs = rest.map(({ job }) => job)
      await db
        .transaction((tx) => giveBack(tx, jobs))
        .catch((error) => log.error({ err: error }, 'what still ran could not be given back; its lease ends'))
      for (const { resolve, leave } of rest) {
        resolve({ is: 'later', at: clock.now() })
        leave()
      }
    },
  }
}

/** A worker that knows it would have begun with it by then. */
const UNKNOWN_MS = 30 * SECOND

export const GRACE_MS = 10 * SECOND
