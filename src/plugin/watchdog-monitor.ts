// The watchdog's thread: sees the heartbeat of the main thread stop, looks who runs there, and says it while it lasts.
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import type { Blocked, MonitorData } from './watchdog.js'
import { type Found, lookAtMain } from './watchdog-look.js'

const TICK_MS = 100
/** Native code cannot be paused: so long the line waits for a name. */
const PATIENCE_MS = 500
const LOG_EVERY_MS = 10_000

const { shared, thresholdMs, folders } = workerData as MonitorData
const beat = new BigInt64Array(shared)
const lastBeat = () => Number(Atomics.load(beat, 0)) / 1e6
const now = () => Number(process.hrtime.bigint()) / 1e6

interface Look {
  found: Promise<Found>
  giveUp: AbortController
}

let ticked = now()
let seen = lastBeat()
/** Since the heartbeat `seen`, for how long this thread did not run either: machine asleep, process stopped, no CPU. */
let asleep = 0
let look: Look | null = null
const logged = new Map<string, number>()

setInterval(() => {
  const time = now()
  const late = Math.max(0, time - ticked - TICK_MS)
  ticked = time
  asleep += Math.min(late, time - seen)
  const at = lastBeat()
  if (at !== seen) {
    if (look) void tell(look, at - seen - asleep)
    look = null
    seen = at
    asleep = Math.min(late, Math.max(0, time - at))
  }
  if (!look && time - seen - asleep >= thresholdMs) look = begin(seen)
}, TICK_MS)

function begin(blockedSince: number): Look {
  const giveUp = new AbortController()
  let paused = false
  let said = false
  const say = (it: Found): void => {
    if (!said) write(it, now() - blockedSince - asleep)
    said = true
  }
  const found = lookAtMain({
    folders,
    stillBlocked: () => lastBeat() === blockedSince,
    onPaused: () => (paused = true),
    until: giveUp.signal,
  })
  void found.then(say)
  const late = () => paused || say({ stack: [] })
  // In the next turn: where this thread got no CPU, its timers come before the answer that is there already.
  setTimeout(() => setImmediate(late), PATIENCE_MS)
  return { found, giveUp }
}

/** Straight to stderr: whatever goes through the main thread would wait for the end of the block. */
function write({ plugin, handler, stack }: Found, ms: number): void {
  const key = `${plugin} ${handler}`
  if (now() - (logged.get(key) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return
  logged.set(key, now())
  const line = {
    level: 50,
    time: systemClock.now().getTime(),
    msg: 'the event loop is blocked',
    plugin,
    handler,
    ms: Math.round(ms),
    stack,
  }
  try {
    writeSync(2, `${JSON.stringify(line)}\n`)
  } catch {
    // Nobody reads stderr; the main thread still hears of it.
  }
}

/** The main thread is free again, so the look comes to its end, or never will. */
async function tell({ found, giveUp }: Look, ms: number): Promise<void> {
  const patience = setTimeout(() => giveUp.abort(), PATIENCE_MS)
  const blocked: Blocked = { ...(await found), ms: Math.round(ms) }
  clearTimeout(patience)
  parentPort?.postMessage(blocked)
}
