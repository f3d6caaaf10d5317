// Rings that came in, turned into claimed jobs: those that come together are claimed together, and one waits here
// while its kind has no slot.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inArray } from 'drizzle-orm'
import { type Claimed, claimRung, type Due, MOST_RUNG } from '../claim.js'
import type { EngineOptions } from '../engine.js'
import type { Fate } from '../ledger.js'
import type { Runner } from '../runner.js'

/** What came of a ring: the row ran, rings again at another time, or is nobody's business any more. */
export type Rung = Fate | { is: 'moved'; at: Date } | { is: 'gone' }

export interface Rungs {
  /** @throws when the ledger could not be read. */
  ring(row: Due): Promise<Rung>
  /** More room: those that wait are looked at again. */
  look(): void
  /** Those that wait are sent back; resolves when none is being claimed any more. */
  close(): Promise<void>
}

interface Waiting {
  row: Due
  resolve(rung: Rung): void
  reject(error: unknown): void
}

export function createRungs({ db, clock, handlers }: EngineOptions, runner: Runner): Rungs {
  let waiting: Waiting[] = []
  let looking = false
  let closed = false

  function look() {
    if (looking || waiting.length === 0) return
    looking = true
    void work()
  }

  async function work() {
    await nextTurn()
    while (looking) await runner.alone(answerSome)
  }

  async function answerSome() {
    const some = choose()
    if (some.length > 0) await answer(some)
    // In the same turn as the last look: who comes later must find nobody at work.
    else looking = false
  }

  /** The first for which there is room; a kind that is paused here is parked by the claim. */
  function choose(): Waiting[] {
    const left = new Map<string, number>()
    let free = Math.min(runner.free(), MOST_RUNG)
    const chosen: Waiting[] = []
    const rest: Waiting[] = []
    for (const one of waiting) {
      const { name } = one.row
      const room = left.get(name) ?? (handlers.get(name) ? runner.slots(name) : 1)
      // A kind that has used up its rate is not held here, but in Redis.
      if (free > 0 && (room > 0 || runner.rates.heldUntil(name))) {
        chosen.push(one)
        left.set(name, room - 1)
        free--
      } else rest.push(one)
    }
    waiting = rest
    return chosen
  }

  async function answer(some: readonly Waiting[]) {
    try {
      const rows = some.map(({ row }) => row)
      const claimed = await claimRung(db, handlers, rows, runner.rates)
      const jobs = new Map<string, Claimed>(claimed.map((job) => [job.id, job]))
      const missed: Waiting[] = []
      // First: what is claimed must begin, whatever comes of the rest.
      for (const one of some) {
        const job = jobs.get(one.row.id)
        // Rung for twice, because Redis was emptied while it rang the first time: it runs once.
        jobs.delete(one.row.id)
        if (job) void runner.begin(job).then(one.resolve)
        else missed.push(one)
      }
      const others = await later(missed.map(({ row }) => row))
      for (const { row, resolve } of missed) resolve(others.get(row.id) ?? { is: 'gone' })
    } catch (error) {
      for (const { reject } of some) reject(error)
    }
  }

  /**
   * Rows that wait on: moved meanwhile, rung too early, or of a kind that has used up its rate. Nobody rings for
   * suspects: they are looked for, one at a time.
   */
  async function later(missed: readonly Due[]): Promise<Map<string, Rung>> {
    if (missed.length === 0) return new Map()
    const { jobs } = db.t
    const rows = await db
      .select({ id: jobs.id, name: jobs.name, at: jobs.runAt, state: jobs.state, crashes: jobs.crashes })
      .from(jobs)
      .where(
        inArray(
          jobs.id,
          missed.map(({ id }) => id),
        ),
      )
    const now = clock.now()
    return new Map(
      rows.flatMap(({ id, name, at, state, crashes }) => {
        if (state !== 'waiting' || crashes !== null) return []
        // Due by now, though it was not when it was claimed: at once.
        const next = at > now ? at : (runner.rates.heldUntil(name) ?? now)
        return [[id, { is: 'moved', at: next } as const]]
      }),
    )
  }

  return {
    ring(row) {
      if (closed) return Promise.resolve({ is: 'moved', at: clock.now() })
      return new Promise((resolve, reject) => {
        waiting.push({ row, resolve, reject })
        look()
      })
    },
    look,
    close() {
      closed = true
      for (const { resolve } of waiting.splice(0)) resolve({ is: 'moved', at: clock.now() })
      return runner.alone(async () => {})
    },
  }
}
