// A process under the watchdog, blocked in one of several ways. All it has to say goes to stderr at once, as the
// monitor's lines do: what comes first there happened first.
import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { runAs } from '../../src/plugin/running.js'
import { startWatchdog } from '../../src/plugin/watchdog.js'

const [, , whats, monitor] = process.argv
const say = (line: string) => writeSync(2, `${line}\n`)

const watchdog = startWatchdog({
  thresholdMs: 400,
  folders: { outside: new URL('.', import.meta.url).href },
  ...(monitor ? { monitor: new URL(monitor) } : {}),
  log: (line) => say(`log: ${line}`),
  onBlocked(blocked) {
    say(`free: ${JSON.stringify(blocked)}`)
    freed.emit('free')
  },
})
const freed = new EventEmitter()
/** Longer than the start of the monitor takes on a busy machine. */
const settled = () => delay(700)
/** The watchdog does not keep the process alive until then. */
async function reported(): Promise<void> {
  const alive = setInterval(() => {}, 1000)
  await once(freed, 'free')
  clearInterval(alive)
}
const unreported = () => delay(500)
const tagger = { plugin: 'tags', handler: 'filter createTicket/tagger' }
const notify = { plugin: 'notes', handler: 'on ticketCreated/notify' }

function spinningHandler(ms: number): void {
  let turns = 0
  for (const until = performance.now() + ms; performance.now() < until; ) turns++
  say(`over: ${turns > 0}`)
}

/** Where a debugger is on, this stops for it, and goes on only when one says so. */
const stopForDebugger = new Function('debugger')

/** Code whose frames have no file. */
const anonymousSpin = new Function(
  'ms',
  'for (const t = performance.now(); performance.now() - t < ms; );',
) as (ms: number) => void

const ways: Record<string, () => Promise<void>> = {
  async handler() {
    stopForDebugger()
    runAs(tagger, () => spinningHandler(3000))
    stopForDebugger()
    await reported()
    runAs(tagger, () => spinningHandler(1200))
    await reported()
  },
  async awaited() {
    await Promise.all([
      runAs(tagger, () => delay(200)),
      runAs(notify, async () => {
        await delay(50)
        await null
        spinningHandler(1300)
      }),
    ])
    await reported()
  },
  async context() {
    runAs(tagger, () => runInNewContext('for (const t = Date.now(); Date.now() - t < 1300; );'))
    await reported()
  },
  async folder() {
    setTimeout(spinningHandler, 1, 1300)
    await reported()
  },
  async nobody() {
    setTimeout(anonymousSpin, 1, 1300)
    await reported()
  },
  async native() {
    runAs(tagger, () => {
      execFileSync('sleep', ['1.5'])
      say('over: true')
    })
    stopForDebugger()
    await reported()
  },
  quiet: unreported,
  async stopped() {
    process.stdin.resume()
    say('ready')
    await new Promise((resolve) => process.stdin.once('end', resolve))
    await settled()
    say('awake')
    runAs(tagger, () => spinningHandler(1200))
    await reported()
  },
  async ended() {
    await watchdog.stop()
    runAs(tagger, () => spinningHandler(1200))
    await unreported()
  },
}

await settled()
for (const what of whats!.split(',')) await ways[what]!()
say('end')
