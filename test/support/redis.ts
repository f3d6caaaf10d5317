// A redis-server of the test's own, which it may kill, freeze and empty. Without one on PATH the test is skipped.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { folder, until } from './databases.js'

const binary = (process.env.PATH ?? '')
  .split(path.delimiter)
  .map((dir) => path.join(dir, 'redis-server'))
  .find((file) => existsSync(file))

/** For the options of a test. */
export const noRedis = binary ? false : 'redis-server is not on PATH'

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** With nothing that was in it. */
  start(...args: string[]): Promise<void>
  /** Resolves when it is gone; of SIGSTOP and SIGCONT at once. */
  kill(signal?: NodeJS.Signals): Promise<void>
  ask(...command: [string, ...string[]]): Promise<unknown>
}

export async function ownRedis(t: Test, { args = [] as string[], start = true } = {}): Promise<RedisServer> {
  const port = await freePort()
  const dir = folder(t)
  let server: ChildProcess | undefined
  const own: RedisServer = {
    port,
    url: `redis://127.0.0.1:${port}`,
    async start(...more) {
      const options = ['--port', `${port}`, '--dir', dir, '--save', '', '--appendonly', 'no']
      server = spawn(binary!, [...options, ...args, ...more], { stdio: 'ignore' })
      await until(() => own.ask('PING').then(Boolean, (error: Error) => /NOAUTH/.test(error.message)))
    },
    async kill(signal = 'SIGKILL') {
      if (!server || server.exitCode !== null || server.signalCode !== null) return
      const gone = new Promise((resolve) => server!.once('exit', resolve))
      server.kill(signal)
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await gone
    },
    async ask(...[name, ...rest]) {
      const redis = new Redis({ port, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 })
      redis.on('error', () => {})
      try {
        return await redis.call(name, ...rest)
      } finally {
        redis.disconnect()
      }
    },
  }
  t.teardown(() => own.kill())
  if (start) await own.start()
  return own
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
