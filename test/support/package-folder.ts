// A folder as the author of a plugin has it: a package whose node_modules holds frontdesk and what it depends on.
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../../src/app/root.js'
import { tempDir } from '../../src/testing/index.js'
import { NODE, nodeArgs } from './node.js'

interface Tap {
  teardown(fn: () => unknown): void
}

export interface Ran {
  code: number
  out: string
}

export interface PackageFolder {
  dir: string
  write(files: Readonly<Record<string, string>>): void
  remove(...files: string[]): void
  /** Runs a script of Node in the folder. */
  run(script: string, args: readonly string[], env?: Record<string, string>): Promise<Ran>
  tsc(...args: string[]): Promise<Ran>
}

/** The dependencies of this repository, linked one by one: an install would take a minute and the network. */
export function linkDependencies(dir: string): void {
  const modules = path.join(ROOT, 'node_modules')
  mkdirSync(path.join(dir, 'node_modules'), { recursive: true })
  // The link that a build leaves is this repository: only those who ask for it get it.
  for (const name of readdirSync(modules))
    if (!name.startsWith('.') && name !== 'frontdesk')
      symlinkSync(path.join(modules, name), path.join(dir, 'node_modules', name))
}

/** @param frontdesk what `frontdesk` is for it: this repository, unless the test brings something else. */
export function packageFolder(t: Tap, { frontdesk = true } = {}): PackageFolder {
  const { dir, remove } = tempDir()
  t.teardown(remove)
  linkDependencies(dir)
  if (frontdesk) symlinkSync(ROOT, path.join(dir, 'node_modules', 'frontdesk'))
  const run: PackageFolder['run'] = (script, args, env = {}) => runNode(dir, script, args, env)
  const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  return {
    dir,
    write: (files) => writeFiles(dir, files),
    remove: (...files) => {
      for (const file of files) rmSync(path.join(dir, file))
    },
    run,
    tsc: (...args) => run(compiler, args),
  }
}

export function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    writeFileSync(path.join(dir, name), text)
  }
}

/** Both streams together, as somebody at a terminal sees them. */
export function runNode(
  cwd: string,
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  return new Promise<Ran>((resolve) => {
    execFile(
      NODE,
      nodeArgs(script, ...args),
      { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({
          code: error ? (typeof error.code === 'number' ? error.code : 1) : 0,
          out: stdout + stderr,
        }),
    )
  })
}

/** As the generator writes it, without output. */
export const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: 'es2023',
    lib: ['es2024'],
    module: 'nodenext',
    rootDir: '.',
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    types: ['node'],
  },
  include: ['**/*.ts'],
})
