// Connections to Redis: one address for a single server or a cluster; how it does, and what is wrong with its set-up.
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { SECOND } from '../../clock.js'
import type { EngineLog } from '../engine.js'

export type Connection = Redis | Cluster

/**
 * Without an answer for so long, a connection is given up and made anew. A frozen server must not hold the rings of
 * commits, nor fill the memory with commands that wait for their answer; what was not rung is rung later.
 */
const SILENT_MS = 5 * SECOND
/** Workers ask with a command that waits for up to 10 s. */
const SILENT_WORKER_MS = 30 * SECOND
const LONGEST_PAUSE_MS = 2 * SECOND

/**
 * @param url `redis://[user:password@]host:port[/db]`, `rediss://` for TLS; `?cluster=true`: the node of a cluster.
 * @param patient waits for an answer as long as it takes, through any number of reconnects: what a worker needs.
 */
export function connect(url: string, { patient }: { patient: boolean }): Connection {
  const address = new URL(url)
  const cluster = address.searchParams.get('cluster') === 'true'
  address.search = ''
  const options = {
    connectTimeout: 10 * SECOND,
    keepAlive: 30 * SECOND,
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 10), LONGEST_PAUSE_MS),
    ...(patient
      ? { maxRetriesPerRequest: null, socketTimeout: SILENT_WORKER_MS }
      : { maxRetriesPerRequest: 0, enableOfflineQueue: false, socketTimeout: SILENT_MS }),
  } satisfies RedisOptions
  if (!cluster) return new Redis(address.href, options)
  const { username, password, hostname, port, protocol } = address
  return new Cluster([{ host: hostname, port: Number(port || 6379) }], {
    clusterRetryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), LONGEST_PAUSE_MS),
    enableOfflineQueue: patient,
    redisOptions: {
      ...options,
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
  })
}

/**
 * One line when it goes away, one when it is back: not one for each try.
 * @returns why it is away, or null.
 */
export function report(connection: Connection, log: EngineLog): () => string | null {
  let away: string | null = null
  connection.on('error', (error: Error) => {
    if (away === null)
      // Not the error itself: it carries the command, and that of a wrong password carries the password.
      log.error({ reason: error.message }, 'Redis is away; jobs are run from the ledger until it is back')
    away = error.message
  })
  connection.on('ready', () => {
    if (away !== null) log.warn({}, 'Redis is back')
    away = null
  })
  return () => away
}

/** What a server must not be set up like, because it would forget what it was told. */
export async function advice(connection: Connection): Promise<string[]> {
  const info = await connection.info()
  const value = (key: string) => new RegExp(`^${key}:(.*?)\r?$`, 'm').exec(info)?.[1]
  const policy = value('maxmemory_policy')
  return [
    ...(policy && policy !== 'noeviction'
      ? [`maxmemory-policy is "${policy}": set noeviction, or Redis drops delayed jobs when it is full`]
      : []),
    ...(value('aof_enabled') === '0'
      ? [
          'appendonly is off: set it to yes, or a restart of Redis forgets its jobs (they are rung again, late)',
        ]
      : []),
  ]
}

/** Changes with every start of the server that holds `key`, and at a failover. */
export async function lifeOf(connection: Connection, key: string): Promise<string> {
  const info = await connection.eval("return redis.call('INFO', 'server')", 1, key)
  return /^run_id:(\w+)/m.exec(String(info))?.[1] ?? 'unknown'
}
