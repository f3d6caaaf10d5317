// The watchdog's thread: sees the heartbeat of the main thread stop, looks who runs there, and says it while it lasts.
import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import type { Blocked, MonitorData } from './watchdog.js'
import { type Found, lookAtMain } from './watchdog-look.js'

const TICK_MS = 100
const LOG_EVERY_MS = 10_000

const { shared, thresholdMs, folders } = workerData as MonitorData
const beat = new BigInt64Array(shared)
const lastBeat = () => Number(Atomics.load(beat, 0)) / 1e6
const now = () => Number(process.hrtime.bigint()) / 1e6

let ticked = now()
let seen = lastBeat()
/** Since the heartbeat `seen`, for how long this thread did not run either: machine asleep, process stopped, no CPU. */
let asleep = 0
let found: Promise<Found> | null = null
const logged = new Map<string, number>()

setInterval(() => {
  const time = now()
  const late = Math.max(0, time - ticked - TICK_MS)
  ticked = time
  asleep += Math.min(late, time - seen)
  const at = lastBeat()
  if (at !== seen) {
    if (found) tell(found, at - seen - asleep)
    found = null
    seen = at
    asleep = Math.min(late, Math.max(0, time - at))
  }
  if (!found && time - seen - asleep >= thresholdMs) found = look(seen)
}, TICK_MS)

async function look(blockedSince: number): Promise<Found> {
  const result = await lookAtMain({ folders, stillBlocked: () => lastBeat() === blockedSince })
  write(result, now() - blockedSince - asleep)
  return result
}

/** Straight to stderr: whatever goes through the main thread would wait for the end of the block. */
function write({ plugin, handler, stack }: Found, ms: number): void {
  const key = `${plugin} ${handler}`
  if (now() - (logged.get(key) ?? -LOG_EVERY_MS) < LOG_EVERY_MS) return
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

/** Waits for the look: it can still be under way when the block ends. */
function tell(result: Promise<Found>, ms: number): void {
  void result.then((it) => {
    const blocked: Blocked = { ...it, ms: Math.round(ms) }
    parentPort?.postMessage(blocked)
  })
}
