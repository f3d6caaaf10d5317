// Servers as they are started by a person, in processes of their own, which a test may kill.
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import type { Test } from 'tap'
import { ROOT } from '../../src/app/root.js'
import { NODE, nodeArgs } from './node.js'

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
