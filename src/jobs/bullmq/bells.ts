// Every process: puts each row that waits into BullMQ right after its commit, with its delay; moves it, takes it out.
// A best effort: what is lost here, or in Redis, is found by `ringAll` or by the workers' look at what is overdue.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { and, asc, eq, gt, lte } from 'drizzle-orm'
import { type Clock, DAY, SECOND, within } from '../../clock.js'
import type { Db, Ring } from '../../db/types.js'
import type { EngineLog } from '../engine.js'
import { advice, type Connection, lifeOf } from './redis.js'

export interface Bells {
  queue(kind: string): Queue
  /** Puts in again what is overdue, the oldest first, bounded. */
  ringLate(): Promise<void>
  /** Faults of its set-up, as of the last time it was reached. */
  faults(): readonly string[]
  close(): Promise<void>
}

export interface BellOptions {
  db: Db
  clock: Clock
  log: EngineLog
  redis: Connection
  prefix: string
}

/** BullMQ does not take colons. */
export const queueName = (kind: string): string => kind.replaceAll(':', '/')

const BATCH = 500
/** A page is put in at one go, and meanwhile this process does nothing else. */
const PAGE = 250
const LATE_PAGES = 8
/** Rings kept while Redis is away. If there are more, all that waits is rung once it is back. */
const MOST_KEPT = 10_000
/** Farther delays are cut: whoever rings too early is sent back. BullMQ's scores lose precision in 2039. */
const LONGEST_MS = 200 * DAY
const CHECK_MS = 10 * SECOND
const RINGING_SECONDS = 60

export function createBells({ db, clock, log, redis, prefix }: BellOptions): Bells {
  const queues = new Map<string, Queue>()
  const pending = new Map<string, Ring>()
  const marker = `${prefix}:frontdesk:rung`
  let flushing = false
  let flushed = Promise.resolve()
  let missed = false
  let closed = false
  let found: readonly string[] = []

  function queue(kind: string): Queue {
    const known = queues.get(kind)
    if (known) return known
    const made = new Queue(queueName(kind), {
      connection: redis as never,
      prefix,
      // A queue that asks for the version when Redis has just gone would be of no use for ever.
      skipVersionCheck: true,
      skipWaitingForReady: true,
      skipMetasUpdate: true,
      streams: { events: { maxLen: 100 } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    })
    // The connection reports its faults itself.
    made.on('error', () => {})
    queues.set(kind, made)
    return made
  }

  db.onCommit('rings', (ring) => {
    if (closed) return
    const before = pending.get(ring.id)
    pending.set(ring.id, before?.moved ? { ...ring, moved: true } : ring)
    if (pending.size > MOST_KEPT) {
      pending.clear()
      missed = true
    }
    start()
  })

  function start() {
    if (flushing || redis.status !== 'ready') return
    flushing = true
    flushed = flush()
  }

  async function flush() {
    await nextTurn()
    while (pending.size > 0 && redis.status === 'ready') {
      const some = [...pending.values()].slice(0, BATCH)
      for (const { id } of some) pending.delete(id)
      try {
        await send(some)
      } catch {
        // Kept for the next time, unless something newer was said of them. Twice is once.
        for (const ring of some) if (!pending.has(ring.id)) pending.set(ring.id, ring)
        break
      }
    }
    // In the same turn as the last look: who comes later must find nobody at work.
    flushing = false
  }

  async function send(rings: readonly Ring[]) {
    const stale = rings.filter(({ at, moved }) => at === null || moved)
    await Promise.all(stale.map(({ id, name }) => queue(name).remove(id)))
    const now = Date.now()
    const byKind = new Map<string, Ring[]>()
    for (const ring of rings) {
      if (ring.at === null) continue
      const same = byKind.get(ring.name)
      if (same) same.push(ring)
      else byKind.set(ring.name, [ring])
    }
    await Promise.all(
      [...byKind].map(([kind, some]) =>
        queue(kind).addBulk(
          some.map(({ id, at }) => ({
            name: kind,
            data: {},
            opts: { jobId: id, delay: Math.min(Math.max(at!.getTime() - now, 0), LONGEST_MS) },
          })),
        ),
      ),
    )
  }

  /** Whatever waits in the ledger; what BullMQ has already stays as it is. */
  async function ringAll() {
    const { jobs } = db.t
    for (let last = ''; ; ) {
      const rows = await db
        .select({ id: jobs.id, name: jobs.name, at: jobs.runAt })
        .from(jobs)
        .where(and(eq(jobs.state, 'waiting'), gt(jobs.id, last)))
        .orderBy(asc(jobs.id))
        .limit(PAGE)
      if (rows.length === 0) return
      await send(rows)
      last = rows.at(-1)!.id
    }
  }

  /** The oldest of what is overdue. */
  async function ringLate() {
    const { jobs } = db.t
    for (let page = 0; page < LATE_PAGES; page++) {
      const rows = await db
        .select({ id: jobs.id, name: jobs.name, at: jobs.runAt })
        .from(jobs)
        .where(and(eq(jobs.state, 'waiting'), lte(jobs.runAt, clock.now())))
        .orderBy(asc(jobs.runAt), asc(jobs.id))
        .limit(PAGE)
        .offset(page * PAGE)
      if (rows.length > 0) await send(rows)
      if (rows.length < PAGE) return
    }
  }

  /** Looks whether Redis knows what waits, and tells it if not. */
  async function check() {
    if (closed || redis.status !== 'ready') return
    start()
    // One that was emptied has no mark, one that came back from an older state has that of its former life.
    const life = await lifeOf(redis, marker)
    if (!missed) {
      if ((await redis.get(marker)) === life) return
      // One process sees to it, or the next if it dies meanwhile.
      if ((await redis.set(`${marker}:by`, life, 'EX', RINGING_SECONDS, 'NX')) !== 'OK') return
    }
    missed = false
    try {
      await ringAll()
      await redis.set(marker, life)
    } catch (error) {
      missed = true
      throw error
    } finally {
      await redis.del(`${marker}:by`).catch(() => {})
    }
  }

  const look = () =>
    check().catch((error: Error) =>
      log.warn({ reason: error.message }, 'Redis could not be told what waits; it is tried again'),
    )

  redis.on('ready', () => {
    void look()
    advice(redis).then(
      (lines) => {
        found = lines
        for (const line of lines) log.warn({}, `Redis: ${line}`)
      },
      () => {},
    )
  })
  const timer = setInterval(look, CHECK_MS)
  timer.unref()

  return {
    queue,
    ringLate,
    faults: () => found,
    async close() {
      closed = true
      clearInterval(timer)
      await within(SECOND, () => flushed).catch(() => {})
      for (const one of queues.values()) void one.close().catch(() => {})
      redis.disconnect()
    },
  }
}
