// The real server, as it is started by a person, in a process of its own, which a test may kill.
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

export const BIN = path.join(ROOT, 'bin', 'frontdesk')

export interface ServerProcess {
  readonly child: ChildProcess
  /** Resolves when it works, with what it said. @throws when it ends before that, with the same. */
  readonly up: Promise<string>
  output(): string
  /** Resolves with its exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

export function serve(t: Test, env: NodeJS.ProcessEnv, cwd = ROOT): ServerProcess {
  const child = spawn(NODE, nodeArgs(BIN, 'serve'), { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  const over = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  )
  const up = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk
      if (/frontdesk (listens on|works as)/.test(output)) resolve(output)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void over.then(() => reject(new Error(`the server ended: ${output}`)))
  })
  up.catch(() => {})
  return {
    child,
    up,
    output: () => output,
    end(signal) {
      child.kill(signal)
      return over
    },
  }
}
