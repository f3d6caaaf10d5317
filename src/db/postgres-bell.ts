// Notices of commits between processes on one PostgreSQL: LISTEN/NOTIFY on a connection of its own, after the commit and
// at most once in a few milliseconds (docs/decisions/0016).
import type pg from 'pg'
import { SECOND } from '../clock.js'
import type { Notice, Topic } from './types.js'

export interface Bell {
  /** From now on notices of other processes are heard. */
  listen(): void
  /** Tells the other processes, soon. */
  tell(notices: readonly Notice[]): void
  /** What is still to be told is told first, if that is possible within a second. */
  close(): Promise<void>
}

export interface BellOptions {
  /** A client that is not connected yet. */
  connect(): pg.Client
  hear(notices: readonly Notice[]): void
  onLost(error: Error): void
}

/** Each NOTIFY wakes every process: commits of one moment share one. */
const PAUSE_MS = 15
const BEAT_MS = 10 * SECOND
const LONGEST_BACKOFF_MS = 5 * SECOND
/** `rings` stay where they are: each process has its own engine. */
const TOPICS = ['people', 'settings', 'timeline'] as const satisfies readonly Topic[]

/** What the others do not know yet. `jobs`: the earliest time, 0 for at once. */
interface Untold {
  jobs?: number
  topics: Set<string>
}

export function createBell({ connect, hear, onLost }: BellOptions): Bell {
  let client: pg.Client | undefined
  let channel = ''
  let opening: Promise<void> | undefined
  let failures = 0
  let wasLost = false
  let isClosed = false
  let untold: Untold | undefined
  let toldAt = 0
  let telling: NodeJS.Timeout | undefined
  /** The query under way: the driver takes one at a time. */
  let busy: Promise<unknown> | undefined
  let retry: NodeJS.Timeout | undefined
  let beat: NodeJS.Timeout | undefined

  function start() {
    if (client || opening || retry || isClosed) return
    opening = open().finally(() => {
      opening = undefined
    })
  }

  async function open() {
    const fresh = connect()
    fresh.on('error', (error) => lost(fresh, error))
    try {
      await fresh.connect()
      // Desks in other schemas of the same database are none of our business.
      const { rows } = await fresh.query<{ name: string; own: number }>(
        `select 'frontdesk_' || md5(current_schema()) as name, pg_backend_pid() as own`,
      )
      const { name, own } = rows[0]!
      channel = name
      fresh.on('notification', ({ processId, payload }) => {
        if (processId !== own) told(payload)
      })
      await fresh.query(`listen ${channel}`)
    } catch (error) {
      return lost(fresh, error as Error)
    }
    client = fresh
    const isBack = wasLost
    wasLost = false
    failures = 0
    beat = setInterval(() => void ask(fresh), BEAT_MS).unref()
    // What was told while nobody listened here is unknown: as if everything had been.
    if (isBack) pass([['jobs'], ...TOPICS.map((topic) => [topic] as const)])
    if (untold) await send()
  }

  /** A connection that is dead without having been closed would stay silent for ever. */
  async function ask(fresh: pg.Client) {
    // A notice that is under way says it as well.
    if (!busy) await alone(fresh.query('select 1').catch((error: Error) => lost(fresh, error)))
  }

  const given = new WeakSet<pg.Client>()
  function lost(fresh: pg.Client, error: Error) {
    if (given.has(fresh)) return
    given.add(fresh)
    clearInterval(beat)
    client = undefined
    wasLost = true
    void fresh.end().catch(() => {})
    if (isClosed) return
    if (failures === 0) onLost(error)
    const wait = Math.min(100 * 2 ** failures++, LONGEST_BACKOFF_MS) * (0.5 + Math.random() / 2)
    retry = setTimeout(() => {
      retry = undefined
      start()
    }, wait).unref()
  }

  function told(payload = '{}') {
    const { jobs, topics = [] } = JSON.parse(payload) as { jobs?: number; topics?: string[] }
    const notices: Notice[] = TOPICS.filter((topic) => topics.includes(topic)).map((topic) => [topic])
    if (jobs !== undefined) notices.push(jobs === 0 ? ['jobs'] : ['jobs', new Date(jobs)])
    pass(notices)
  }

  /** Each on its own: what one listener throws must not end the process, or keep the notice from the others. */
  function pass(notices: readonly Notice[]) {
    for (const notice of notices)
      try {
        hear([notice])
      } catch (error) {
        onLost(error as Error)
      }
  }

  async function send() {
    clearTimeout(telling)
    telling = undefined
    if (!untold || !client || busy) return
    const { jobs, topics } = untold
    const payload = JSON.stringify({ jobs, topics: [...topics] })
    const at = client
    untold = undefined
    toldAt = performance.now()
    await alone(
      at.query('select pg_notify($1, $2)', [channel, payload]).catch((error: Error) => {
        add({ jobs, topics })
        lost(at, error)
      }),
    )
  }

  async function alone(query: Promise<unknown>) {
    busy = query
    await query
    busy = undefined
    // What was to be told meanwhile. A server that is slow so gets fewer notices, of more commits each.
    if (untold) soon()
  }

  function soon() {
    telling ??= setTimeout(() => void send(), Math.max(0, toldAt + PAUSE_MS - performance.now())).unref()
  }

  function add({ jobs, topics }: { jobs?: number | undefined; topics: Iterable<string> }) {
    untold ??= { topics: new Set() }
    for (const topic of topics) untold.topics.add(topic)
    if (jobs !== undefined) untold.jobs = Math.min(jobs, untold.jobs ?? Number.POSITIVE_INFINITY)
  }

  return {
    listen: start,
    tell(notices) {
      if (isClosed) return
      for (const [topic, at] of notices)
        if (topic === 'jobs') add({ jobs: at?.getTime() ?? 0, topics: [] })
        else if (topic !== 'rings') add({ topics: [topic] })
      if (!untold) return
      start()
      soon()
    },
    async close() {
      const late = new Promise((resolve) => setTimeout(resolve, SECOND).unref())
      const last = async () => {
        await opening
        await busy
        await send()
      }
      if (untold) await Promise.race([late, last()])
      isClosed = true
      clearTimeout(telling)
      clearTimeout(retry)
      clearInterval(beat)
      await Promise.race([late, opening])
      await client?.end().catch(() => {})
    },
  }
}
