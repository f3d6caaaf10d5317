// The engine `local`: runs what is due in this process. It is woken by a commit that scheduled something and by
// one timer for the next due time; it never polls blindly.
import { UPKEEP_MS } from './claim.js'
import { reclaim } from './crashes.js'
import type { Engine, EngineOptions } from './engine.js'
import { settle } from './ledger.js'
import { createPump, runDue } from './pump.js'
import { createRunner, GRACE_MS } from './runner.js'

// setTimeout overflows beyond this and would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1

export function createLocalEngine(options: EngineOptions): Engine {
  const { db, clock, handlers, log, sole = false, upkeepMs = UPKEEP_MS } = options
  let started = false
  let timer: NodeJS.Timeout | undefined
  let timerAt = Number.POSITIVE_INFINITY
  let upkeep: NodeJS.Timeout | undefined
  const runner = createRunner(options, { onEnd: (_, room) => room && pump.wake() })
  const pump = createPump(options, runner, { onRest: (at) => at && ringAt(at) })

  function wake() {
    // Before the look at the ledger: what is scheduled during it sets the timer itself.
    clearTimeout(timer)
    timerAt = Number.POSITIVE_INFINITY
    pump.wake()
  }

  /** One timer, for the earliest. */
  function ringAt(at: Date) {
    if (!started || at.getTime() >= timerAt) return
    clearTimeout(timer)
    timerAt = at.getTime()
    const wait = Math.min(Math.max(timerAt - clock.now().getTime(), 1), LONGEST_TIMER)
    timer = setTimeout(wake, wait)
  }

  db.onCommit('jobs', (at) => {
    if (!at || at.getTime() <= clock.now().getTime()) pump.wake()
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
        runner
          .keepUp()
          .then(wake)
          .catch((error) => log.error({ err: error }, 'the job engine could not renew its leases'))
      }, upkeepMs)
      pump.start()
    },
    async stop(graceMs = GRACE_MS) {
      started = false
      clearTimeout(timer)
      clearInterval(upkeep)
      await pump.stop()
      await runner.stop(graceMs)
    },
    runDue: () => runDue(options, runner),
  }
}
