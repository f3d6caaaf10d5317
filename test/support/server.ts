// The real server in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Test } from 'tap'
import { ROOT } from '../../src/app/root.js'
import { NODE, nodeArgs } from './node.js'

/** Resolves when it listens. */
export async function startServer(
  t: Test,
  env: NodeJS.ProcessEnv,
): Promise<{ process: ChildProcess; url: string }> {
  const server = spawn(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), 'start'), {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => server.kill('SIGKILL'))
  let output = ''
  server.stderr.on('data', (chunk) => {
    output += chunk
  })
  const url = await new Promise<string>((resolve) => {
    server.stdout.on('data', (chunk) => {
      output += chunk
      const found = /listens on (\S+)[\s\S]*API documentation/.exec(output)?.[1]
      if (found) resolve(found)
    })
    server.once('exit', () => resolve(''))
  })
  if (url === '') throw new Error(`the server ended: ${output}`)
  return { process: server, url }
}

export async function endServer(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const over = new Promise((resolve) => server.once('exit', resolve))
  server.kill(signal)
  await over
}

/** A command on the data folder `dir`. */
export function frontdesk(dir: string, ...args: string[]) {
  const env = { ...process.env, FRONTDESK_DATA: dir, FRONTDESK_DEMO: 'off', PORT: '0', LOG_LEVEL: 'error' }
  const child = spawn(NODE, nodeArgs(path.join(ROOT, 'bin', 'frontdesk'), ...args), { env })
  let out = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      out += chunk
    })
  return { child, done: once(child, 'close').then(([code]) => ({ code: code as number | null, out })) }
}
