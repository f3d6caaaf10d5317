// The watchdog, main side: a heartbeat that stops when the event loop does, and the thread that listens to it. Plugins
// run in this thread, so nothing in here can stop one that spins; what it can do is name it.
import { Worker } from 'node:worker_threads'

export interface Blocked {
  /** Undefined where no handler of a plugin was found to run. */
  plugin?: string | undefined
  /** Undefined where only the file of a frame told whose code it is. */
  handler?: string | undefined
  /** How long, until the event loop was free again. */
  ms: number
  /** The innermost frames, where it could be looked at. */
  stack: readonly string[]
}

export interface WatchdogOptions {
  /** Default 1000; both threads look every 100 ms, so much it may be off. */
  thresholdMs?: number
  /** Plugin -> URL of its folder: names the plugin where its code runs outside of a handler. */
  folders?: Readonly<Record<string, string>>
  /** The monitor's file, where it does not lie beside this one. */
  monitor?: URL
  /** What the watchdog has to say about itself. Blocks are written to stderr by the monitor while they last. */
  log(line: string): void
  /** After each block, as soon as the event loop is free again. */
  onBlocked(blocked: Blocked): void
}

/** What the monitor gets. */
export interface MonitorData {
  /** One BigInt64: `process.hrtime.bigint()` of the last heartbeat, the clock that both threads share. */
  shared: SharedArrayBuffer
  thresholdMs: number
  folders: Readonly<Record<string, string>>
}

const BEAT_MS = 100

export function startWatchdog(options: WatchdogOptions): { stop(): Promise<void> } {
  const { thresholdMs = 1000, folders = {}, log, onBlocked } = options
  const { monitor = new URL('./watchdog-monitor.js', import.meta.url) } = options
  const shared = new SharedArrayBuffer(8)
  const beat = new BigInt64Array(shared)
  let worker: Worker | null = null

  const timer = setInterval(() => {
    Atomics.store(beat, 0, process.hrtime.bigint())
    // With the first beat, so that the thread does not slow down the start of the server.
    worker ??= start()
  }, BEAT_MS).unref()

  function start(): Worker {
    const data: MonitorData = { shared, thresholdMs, folders }
    const started = new Worker(monitor, {
      workerData: data,
      env: {},
      execArgv: [],
      // Room for the frames of a deep recursion, which come all at once.
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 1 },
    })
    started.on('message', onBlocked)
    // Without a monitor a plugin can still block, only nobody says which: no reason to end the server.
    started.on('error', (error) => log(`The watchdog has ended, blocks are not named any more: ${error}`))
    started.on('exit', () => clearInterval(timer))
    // It must not keep a finished process alive.
    started.unref()
    return started
  }

  return {
    async stop() {
      clearInterval(timer)
      await worker?.terminate()
    },
  }
}
