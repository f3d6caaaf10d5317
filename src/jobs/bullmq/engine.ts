// The engine `bullmq`: BullMQ rings, over Redis, in any number of processes. It may lose all it knows: each worker
// also looks for what is overdue in the ledger, and runs it, whatever Redis does.
import { SECOND, within } from '../../clock.js'
import { UPKEEP_MS } from '../claim.js'
import { isSuspect, reclaim } from '../crashes.js'
import type { Engine, EngineOptions } from '../engine.js'
import { settle } from '../ledger.js'
import { createPump, runDue } from '../pump.js'
import { createRunner, GRACE_MS } from '../runner.js'
import { createBells } from './bells.js'
import { connect, report } from './redis.js'
import { createRungs } from './rung.js'
import { createWorkers, type Workers } from './workers.js'

export interface BullmqOptions extends EngineOptions {
  url: string
  /** Before every key; with a hash tag (`{…}`) all keys are on one node of a cluster. */
  prefix: string
}

/** Overdue by so much, a row is run whether or not anything rang for it. */
const LATE_MS = 10 * SECOND
/** So many overdue rows that nothing rang for are a backlog, or rings that were lost. */
const MANY = 16

export function createBullmqEngine(options: BullmqOptions): Engine {
  const { db, clock, handlers, log, sole = false, url, prefix, upkeepMs = UPKEEP_MS } = options
  const redis = connect(url, { patient: false })
  const whyAway = report(redis, log)
  const away = () => redis.status !== 'ready'
  const bells = createBells({ db, clock, log, redis, prefix })
  const runner = createRunner(options, {
    onEnd(job, room) {
      rungs.look()
      if (isSuspect(job) || (room && away())) pump.wake()
    },
  })
  const rungs = createRungs(options, runner)
  /** Kinds of which overdue rows were begun, without a ring, since the last upkeep, and how many. */
  const late = new Map<string, number>()
  // While Redis is there, one look an upkeep: of what is overdue most has been rung for and waits for its turn.
  let looks = 1
  const pump = createPump(options, runner, {
    lateMs: () => (away() || looks-- > 0 ? LATE_MS : null),
    onBegin: ({ name, crashes }) => crashes === null && late.set(name, (late.get(name) ?? 0) + 1),
  })
  let workers: Workers | undefined
  let upkeep: NodeJS.Timeout | undefined
  const deaf = new Map<string, number>()

  async function keepUp() {
    await runner.keepUp()
    listen()
    looks = 1
    pump.wake()
  }

  /** A worker whose rows are overdue and that hears nothing, though Redis answers, has stopped fetching. */
  function listen() {
    const many = [...late.values()].reduce((sum, count) => sum + count, 0) >= MANY
    // Those that are still in Redis are not put in twice.
    if (many) bells.ringLate().catch(() => {})
    const heard = workers!.heard()
    for (const kind of handlers.names()) {
      const stuck = late.has(kind) && !heard.has(kind) && !away()
      deaf.set(kind, stuck ? (deaf.get(kind) ?? 0) + 1 : 0)
      if (deaf.get(kind)! < 2) continue
      log.warn({ kind }, 'a worker of BullMQ heard nothing while its jobs were overdue: it is replaced')
      workers!.renew(kind)
      deaf.set(kind, 0)
    }
    late.clear()
  }

  return {
    async start() {
      await db.transaction(async (tx) => {
        await reclaim(tx, sole)
        await settle(tx, handlers)
      })
      const patient = connect(url, { patient: true })
      patient.on('error', () => {})
      workers = createWorkers({ redis: patient, prefix, handlers, rungs })
      pump.start()
      upkeep = setInterval(() => {
        keepUp().catch((error) => log.error({ err: error }, 'the job engine could not renew its leases'))
      }, upkeepMs)
    },
    async stop(graceMs = GRACE_MS) {
      clearInterval(upkeep)
      const closing = workers?.close()
      await Promise.all([rungs.close(), pump.stop()])
      await runner.stop(graceMs)
      await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, SECOND).unref())])
      workers?.cut()
      await bells.close()
    },
    runDue: () => runDue(options, runner),
    dashboardQueues: () => handlers.names().map((kind) => bells.queue(kind)),
    async health() {
      const answer = await within(SECOND, () => redis.ping()).catch((error: Error) => error)
      if (answer instanceof Error)
        return {
          ok: false,
          detail: `away (${whyAway() ?? answer.message}); jobs are run from the ledger, up to 20 s late`,
        }
      return { ok: bells.faults().length === 0, detail: bells.faults().join('; ') || 'answers' }
    },
  }
}
