// The Procfile of the samples for real: all its processes on a real PostgreSQL and a real Redis, as foreman starts them;
// a mail by the pipe becomes a ticket, a reply leaves, SIGTERM ends all.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ROOT } from '../../src/app/root.js'
import { newId } from '../../src/clock.js'
import { folder, until } from '../support/databases.js'
import { schema, WITHOUT_SERVER } from '../support/postgres.js'

const { FRONTDESK_TEST_REDIS: redis } = process.env
const skip = WITHOUT_SERVER || (redis ? false : 'FRONTDESK_TEST_REDIS names no Redis server')
const FORMATION = { web: 2, worker: 2, intake: 1 }
const INBOX = 'help@desk.example'
const START_MS = 90_000

/** `name: command` a line. */
function readProcfile(): Map<string, string> {
  const text = readFileSync(path.join(ROOT, 'docs', 'samples', 'Procfile'), 'utf8')
  return new Map([...text.matchAll(/^(\w+): (.+)$/gm)].map(([, name, command]) => [name!, command!]))
}

/** For `env`: without the loader that the test runner gives to whatever is spawned. */
const BARE = ['-u', 'NODE_OPTIONS']

interface Running {
  name: string
  child: ChildProcess
  output(): string
  ended: Promise<number | null>
}

/** As foreman does it: the command takes the place of the shell, and gets the signal. */
function run(t: Test, name: string, command: string, env: NodeJS.ProcessEnv): Running {
  const child = spawn('env', [...BARE, 'sh', '-c', `exec ${command}`], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  t.teardown(() => child.exitCode === null && child.signalCode === null && signal(child, 'SIGKILL'))
  return { name, child, output: () => output, ended }
}

const signal = (child: ChildProcess, name: NodeJS.Signals) => process.kill(-child.pid!, name)

t.test('the processes of the Procfile are a desk', { skip, timeout: 240_000 }, async (t) => {
  const procfile = readProcfile()
  t.same([...procfile.keys()], ['release', 'web', 'worker', 'intake'])
  const data = folder(t)
  // With nothing of the environment of whoever runs it.
  const env = {
    PATH: process.env.PATH!,
    FRONTDESK_DATA: data,
    FRONTDESK_DEMO: 'off',
    FRONTDESK_SECRET: 'a secret of the test, long enough to be one',
    DATABASE_URL: await schema(t),
    DATABASE_POOL: '4',
    REDIS_URL: redis!,
    REDIS_PREFIX: `{procfile-${newId()}}`,
    PORT: '0',
    LOG_LEVEL: 'warn',
  }
  const frontdesk = async (...args: string[]) =>
    (await promisify(execFile)('env', [...BARE, 'bin/frontdesk', ...args], { env, cwd: ROOT })).stdout

  const release = run(t, 'release', procfile.get('release')!, env)
  t.equal(await release.ended, 0, release.output())
  await frontdesk('inbox', 'create', INBOX)
  await frontdesk('agent', 'create', 'you@desk.example', '--name', 'You', '--role', 'admin')
  const told = await frontdesk('token', 'create', '--agent', 'you@desk.example', '--name', 'test')
  const token = /fd_\S+/.exec(told)![0]

  const running = Object.entries(FORMATION).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => run(t, `${name}.${at + 1}`, procfile.get(name)!, env)),
  )
  const listens = /listens on (\S+)|works as/
  await until(async () => {
    for (const { name, child, output } of running)
      if (child.exitCode !== null) throw new Error(`${name} ended: ${output()}`)
    return running.every(({ output }) => listens.test(output()))
  }, START_MS)
  const [one, two] = running.flatMap(({ output }) => listens.exec(output())?.[1] ?? []) as [string, string]

  const ask = async (url: string, body?: object, method = body ? 'POST' : 'GET') => {
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
    return answer.json() as Promise<
      Record<string, unknown> & { items: { number: number; subject: string }[] }
    >
  }
  for (const url of [one, two]) t.match(await ask(`${url}/api/health/ready`), { ok: true })

  const pipe = spawn('bin/frontdesk-pipe', ['--inbox', INBOX], { cwd: ROOT, env })
  pipe.stdin.end(
    `From: Ann <ann@guest.example>\nTo: ${INBOX}\nDate: Tue, 03 Mar 2026 10:00:00 +0000\nSubject: A late arrival\n\nAt eleven.\n`,
  )
  t.equal(await new Promise((resolve) => pipe.once('exit', resolve)), 0, 'the pipe took the mail')
  let number = 0
  await until(async () => {
    const { items } = await ask(`${one}/api/tickets`)
    number = items[0]?.number ?? 0
    return items.length === 1 && items[0]!.subject === 'A late arrival'
  }, 30_000)

  // What one web process changes the other knows, and so does the worker that sends.
  await ask(`${one}/api/settings`, { 'replies.undoSeconds': 0 }, 'PATCH')
  await ask(`${two}/api/tickets/${number}/replies`, { text: 'You are welcome at any hour.' })
  const outbox = path.join(data, 'outbox')
  const sent = () => {
    try {
      return readdirSync(outbox).filter((name) => name.endsWith('.eml'))
    } catch {
      return []
    }
  }
  await until(async () => sent().length > 0, 30_000)
  t.equal(sent().length, 1, 'once')
  t.match(readFileSync(path.join(outbox, sent()[0]!), 'latin1'), /You are welcome at any hour/)

  for (const { child } of running) signal(child, 'SIGTERM')
  const from = Date.now()
  for (const { name, ended, output } of running) t.equal(await ended, 0, `${name} ends well ${output()}`)
  t.ok(Date.now() - from < 20_000, 'soon')
})
