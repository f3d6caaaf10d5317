// Claims what is due and begins it, again and again, until nothing is; then it knows when the next will be.
import { type Claim, claim, nextDue } from './claim.js'
import type { EngineOptions } from './engine.js'
import type { Runner } from './runner.js'

export interface Pump {
  /** Looks now, or once more if it is looking. */
  wake(): void
  start(): void
  /** Resolves when it looks no more. */
  stop(): Promise<void>
  /** How many it has begun so far. */
  begun(): number
}

/** @param onRest called when nothing is due any more, with the time of the next; null: nothing waits. */
export function createPump(
  { db, handlers, log }: EngineOptions,
  runner: Runner,
  { lateMs = 0, onRest = () => {} }: Pick<Claim, 'lateMs'> & { onRest?: (at: Date | null) => void },
): Pump {
  let started = false
  let pumping: Promise<void> | undefined
  let again = false
  let begun = 0

  function wake() {
    if (!started) return
    again = true
    pumping ??= pump()
      .catch((error) => {
        // The database is away or busy: the upkeep wakes us again.
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
      const most = runner.free()
      if (most <= 0) return
      const { room, rates } = runner
      const jobs = await claim(db, handlers, { room, most, suspects: runner.maySuspect(), lateMs, rates })
      for (const job of jobs) void runner.begin(job)
      begun += jobs.length
      if (jobs.length > 0) again = true
    }
    if (started) await rest()
  }

  /** What is scheduled during the look at the ledger is told by its commit. */
  async function rest() {
    const due = await nextDue(db, runner.full(), runner.maySuspect())
    const held = runner.rates.next()
    onRest(due && held ? (due < held ? due : held) : (due ?? held))
  }

  return {
    wake,
    start() {
      started = true
      wake()
    },
    async stop() {
      started = false
      await pumping
    },
    begun: () => begun,
  }
}

/** Runs what is due now, until nothing is. @returns how many ran. */
export async function runDue({ db, handlers }: EngineOptions, runner: Runner): Promise<number> {
  for (let ran = 0; ; ) {
    const { room, rates } = runner
    const jobs = await claim(db, handlers, { room, most: runner.free(), rates })
    if (jobs.length === 0) return ran
    ran += jobs.length
    for (const job of jobs) void runner.begin(job)
    await runner.idle()
  }
}
