// The watchdog, in processes of its own: what it says while the event loop is blocked, and when it says nothing.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { ROOT } from '../../src/app/root.js'
import { NODE, nodeArgs } from '../support/node.js'

const BUNDLED = path.join(ROOT, 'dist/run/watchdog-monitor.js')
const CHILD = path.join(import.meta.dirname, '../support/watchdog-child.js')

function child(way: string, ...args: string[]) {
  const process = spawn(NODE, nodeArgs(CHILD, way, ...args), {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  let said = ''
  process.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  const lines = () => said.split('\n').filter(Boolean)
  return {
    process,
    says: async (line: string) => {
      while (!lines().includes(line) && process.exitCode === null) await delay(20)
    },
    end: new Promise<{ code: number | null; lines: string[] }>((resolve) =>
      process.on('close', (code) => resolve({ code, lines: lines() })),
    ),
  }
}

/** `blocked` for the monitor's lines, the first word of the others. */
const order = (lines: string[]) =>
  lines.map((line) => (line.startsWith('{') ? 'blocked' : line.replace(/[ :].*/, '')))
const blocks = (lines: string[]) =>
  lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
const freed = (lines: string[]) =>
  lines.filter((line) => line.startsWith('free: ')).map((line) => JSON.parse(line.slice(6)))

// All at once: most of their time is waiting.
const ran = {
  handler: child('handler'),
  several: child('awaited,context,folder,nobody'),
  native: child('native'),
  quiet: child('quiet'),
  ended: child('ended'),
  stopped: stopAndContinue(child('stopped')),
  bundled: existsSync(BUNDLED) ? child('awaited', pathToFileURL(BUNDLED).href) : undefined,
}

async function stopAndContinue({ process, says, end }: ReturnType<typeof child>) {
  await says('ready')
  process.kill('SIGSTOP')
  await delay(2000)
  process.kill('SIGCONT')
  process.stdin.end()
  return end
}

t.test(
  'a handler that spins is named while it still spins, and its second spin is not logged again',
  async (t) => {
    const { code, lines } = await ran.handler.end
    t.strictSame(order(lines), ['blocked', 'over', 'free', 'over', 'free', 'end'])
    const { stack, ms, time, ...line } = blocks(lines)[0]
    t.strictSame(line, {
      level: 50,
      msg: 'the event loop is blocked',
      plugin: 'tags',
      handler: 'filter createTicket/tagger',
    })
    t.match(stack[0], /^spinningHandler \(file:.*watchdog-child\.js:\d+\)$/)
    t.ok(stack.length <= 10)
    t.ok(ms >= 400 && ms < 3000)
    t.ok(Math.abs(Date.now() - time) < 60_000)
    const [long, short] = freed(lines)
    t.match(long, { plugin: 'tags', handler: 'filter createTicket/tagger', stack })
    t.ok(long.ms > ms)
    t.match(short, { plugin: 'tags' })
    t.equal(code, 0)
  },
)

t.test('who is named, and who is not', async (t) => {
  const { lines } = await ran.several.end
  t.strictSame(order(lines), [
    ...['blocked', 'over', 'free'],
    ...['blocked', 'free'],
    ...['blocked', 'over', 'free'],
    ...['blocked', 'free'],
    'end',
  ])
  const [awaited, context, folder, nobody] = blocks(lines)
  t.test('a handler that spins after an await, not the one that waits', async (t) =>
    t.match(awaited, { plugin: 'notes', handler: 'on ticketCreated/notify' }),
  )
  t.test('a handler whose innermost frames cannot say who runs', async (t) =>
    t.match(context, { plugin: 'tags', stack: [/^\(anonymous\) \(evalmachine/] }),
  )
  t.test('outside of handlers, the plugin whose file it is', async (t) => {
    t.equal(folder.plugin, 'outside')
    t.notOk('handler' in folder)
  })
  t.test('nobody where nobody is known', async (t) => {
    t.notOk('plugin' in nobody)
    t.ok(nobody.stack.length > 0)
  })
})

t.test('native code is reported without a name, and its caller named once it has returned', async (t) => {
  const { code, lines } = await ran.native.end
  t.strictSame(order(lines), ['blocked', 'over', 'free', 'end'])
  t.notOk('plugin' in blocks(lines)[0])
  t.strictSame(blocks(lines)[0].stack, [])
  t.match(freed(lines), [{ plugin: 'tags', handler: 'filter createTicket/tagger' }])
  t.equal(code, 0)
})

t.test('a quiet process reports nothing, and the watchdog does not keep it alive', async (t) => {
  t.strictSame(await ran.quiet.end, { code: 0, lines: ['end'] })
})

t.test('a stopped watchdog reports nothing', async (t) => {
  t.strictSame(await ran.ended.end, { code: 0, lines: ['over: true', 'end'] })
})

t.test('a process that was stopped as a whole is not reported, what blocks it later is', async (t) => {
  const { lines } = await ran.stopped
  t.strictSame(order(lines), ['ready', 'awake', 'blocked', 'over', 'free', 'end'])
})

t.test('works from the bundle', { skip: ran.bundled ? false : 'not bundled' }, async (t) => {
  const { lines } = await ran.bundled!.end
  t.strictSame(order(lines), ['blocked', 'over', 'free', 'end'])
  t.match(blocks(lines)[0], { plugin: 'notes', handler: 'on ticketCreated/notify' })
})
