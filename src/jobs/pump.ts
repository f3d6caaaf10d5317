// Claims what is due and begins it, again and again, until nothing is; then it knows when the next will be.
import { type Claimed, claim, nextDue, wasPassedBy } from './claim.js'
import type { EngineOptions } from './engine.js'
import { park } from './ledger.js'
import type { Runner } from './runner.js'

export interface Pump {
  /** Looks now, or once more if it is looking. */
  wake(): void
  start(): void
  /** Resolves when it looks no more. */
  stop(): Promise<void>
}

interface PumpOptions {
  /** Asked before each look: see `Claim`. */
  lateMs?(): number | null
  onBegin?(job: Claimed): void
  /** Nothing is due any more; with the time of the next, null: nothing waits. */
  onRest?(at: Date | null): void
}

/** Another worker's claim takes a few milliseconds. */
const AGAIN_MS = 25

export function createPump(
  { db, clock, handlers, log }: EngineOptions,
  runner: Runner,
  { lateMs = () => 0, onBegin = () => {}, onRest }: PumpOptions,
): Pump {
  let started = false
  let pumping: Promise<void> | undefined
  let again = false

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
    let since = clock.now()
    while (again && started) {
      again = false
      // Before the claim: what falls due during it must ring.
      since = clock.now()
      const begun = await runner.alone(begin)
      if (begun === null) return
      if (begun > 0) again = true
    }
    if (started && onRest) await rest(since, onRest)
  }

  /** @returns how many, or null: there is no slot. */
  async function begin(): Promise<number | null> {
    const { room, rates } = runner
    const most = runner.free()
    if (most <= 0) return null
    const what = { room, most, rates, suspects: runner.maySuspect(), lateMs: lateMs() }
    const jobs = await claim(db, handlers, what)
    for (const job of jobs) {
      onBegin(job)
      void runner.begin(job)
    }
    if (jobs.length === 0 && (await wasPassedBy(db, handlers, what))) setTimeout(wake, AGAIN_MS)
    return jobs.length
  }

  /** What is scheduled during the look at the ledger is told by its commit. */
  async function rest(since: Date, tell: (at: Date | null) => void) {
    const due = await nextDue(db, since)
    const held = runner.rates.next()
    tell(due && held ? (due < held ? due : held) : (due ?? held))
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
  }
}

/** Runs what is due now, until nothing is; what has no handler is parked. @returns how many ran. */
export async function runDue({ db, handlers }: EngineOptions, runner: Runner): Promise<number> {
  await db.transaction((tx) => park(tx, handlers, 0))
  for (let ran = 0; ; ) {
    const { room, rates } = runner
    const jobs = await claim(db, handlers, { room, most: runner.free(), rates })
    if (jobs.length === 0) return ran
    ran += jobs.length
    for (const job of jobs) void runner.begin(job)
    await runner.idle()
  }
}
