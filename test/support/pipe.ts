// bin/frontdesk-pipe as a mail server starts it, and what lies in the spool afterwards.
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'

export type Run = { args?: string[]; env?: NodeJS.ProcessEnv; cwd?: string; under?: string[]; pipe?: string }
export type Result = { code: number | null; out: string }

export const launcher = path.resolve(import.meta.dirname, '../../../bin/frontdesk-pipe')
export const isRoot = process.getuid?.() === 0
export const nobody = isRoot ? { uid: 65534, gid: 65534 } : {}
export const inbox = 'support@desk.invalid'
export const header = 'From: ann@customer.invalid\nDate: Mon, 05 Jan 2026 10:00:00 +0000\nSubject: printer\n'
export const mail = `${header}\nIt smokes.\n`

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'frontdesk-pipe-'))
fs.chmodSync(base, 0o755)
t.teardown(() => fs.rmSync(base, { recursive: true, force: true }))

let folders = 0
/** Anybody may enter it, for the runs as another user. */
export function newFolder(): string {
  const folder = path.join(base, `d${folders++}`)
  fs.mkdirSync(folder)
  fs.chmodSync(folder, 0o777)
  return folder
}

export const plainEnv = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !key.startsWith('FRONTDESK_')),
)

export function deliver(data: string, input: string | Buffer, run: Run & SpawnOptions = {}): Result {
  const { args = ['--inbox', inbox], env, under = [], pipe = launcher, ...options } = run
  const [command, ...rest] = [...under, pipe, ...args]
  const settings = { ...plainEnv, FRONTDESK_DATA: data, ...env }
  const { status, stdout, stderr } = spawnSync(command!, rest, {
    ...options,
    stdio: 'pipe',
    env: settings,
    input,
  })
  return { code: status, out: `${stdout}${stderr}` }
}

export const files = (data: string, part: 'tmp' | 'new'): string[] => {
  const folder = path.join(data, 'spool', part)
  return fs.existsSync(folder) ? fs.readdirSync(folder) : []
}
export const waiting = (data: string): string[] =>
  files(data, 'new').map((name) => fs.readFileSync(path.join(data, 'spool/new', name), 'latin1'))

export function wipe(data: string): void {
  for (const part of ['tmp', 'new'] as const)
    for (const name of files(data, part)) fs.unlinkSync(path.join(data, 'spool', part, name))
}

/** The rule for every answer but success: 75, one short line that no mail server takes for a final refusal. */
export function refused(t: Test, data: string, { code, out }: Result, label: string): void {
  t.equal(code, 75, `${label}: exit code`)
  t.match(out, /^4\.3\.\d [\x20-\x7e]{3,120}\n$/, `${label}: one line`)
  t.same([...files(data, 'new'), ...files(data, 'tmp')], [], `${label}: nothing is left in the spool`)
}

/** A copy with its own .env beside bin/; an empty text makes none. */
export function installation(env: string): string {
  const root = newFolder()
  const pipe = path.join(root, 'bin/frontdesk-pipe')
  fs.mkdirSync(path.dirname(pipe))
  fs.copyFileSync(launcher, pipe)
  if (env) fs.writeFileSync(path.join(root, '.env'), env)
  return pipe
}

export function findTool(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => path.join(folder, name))
    .find((file) => fs.existsSync(file))
}

/** A PATH with these commands and no other; one of them may be replaced by a script. */
export function tools(names: string[], replaced?: string, script?: string): string {
  const folder = newFolder()
  for (const name of names) {
    const to = path.join(folder, name)
    if (name === replaced) fs.writeFileSync(to, `#!${findTool('sh')}\n${script}\n`, { mode: 0o755 })
    else fs.symlinkSync(findTool(name)!, to)
  }
  return folder
}

export function start(data: string, env: NodeJS.ProcessEnv = {}, options: { detached?: boolean } = {}) {
  const settings = { ...plainEnv, FRONTDESK_DATA: data, ...env }
  return spawn(launcher, ['--inbox', inbox], { ...options, env: settings, stdio: 'pipe' })
}

/** `close` comes when every holder of stdout and stderr is gone: a mail server waits for that too. */
export function finished(child: ReturnType<typeof start>): Promise<Result> {
  let out = ''
  child.stdin.on('error', () => {})
  child.stdout.on('data', (data) => (out += data))
  child.stderr.on('data', (data) => (out += data))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })))
}

export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
}
