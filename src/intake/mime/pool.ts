// Worker threads that parse mail: a mail that hangs or eats memory ends its worker and nothing else. Promises
// never reject and never hang: the bounded fallback steps in. Threads start with the first mail,
// or in the quiet after the start of the server.
import { Worker } from 'node:worker_threads'
import { fallbackMessage } from './fallback.js'
import { limits } from './limits.js'
import type { InboundMessage } from './message.js'

export interface Normaliser {
  normalise(raw: Uint8Array): Promise<InboundMessage>
  /** Starts the threads before the first mail needs them. */
  warm(): void
  close(): Promise<void>
}

export interface NormaliserOptions {
  workers?: number
  timeoutMs?: number
  memoryMb?: number
}

interface Task {
  raw: Uint8Array
  resolve(message: InboundMessage): void
}

interface Slot {
  worker: Worker | null
  task: Task | null
  timer: NodeJS.Timeout | null
}

export function createNormaliser(options: NormaliserOptions = {}): Normaliser {
  const { workers = 1, timeoutMs = limits.timeoutMs, memoryMb = limits.memoryMb } = options
  const slots: Slot[] = Array.from({ length: Math.max(1, workers) }, () => ({
    worker: null,
    task: null,
    timer: null,
  }))
  const queue: Task[] = []
  let closed = false

  function fill(): void {
    while (queue.length > 0) {
      // A running thread before a new one: a quiet desk keeps one.
      const free = slots.find((slot) => !slot.task && slot.worker) ?? slots.find((slot) => !slot.task)
      if (!free) return
      give(free, queue.shift()!)
    }
  }

  function give(slot: Slot, task: Task): void {
    slot.task = task
    try {
      slot.worker ??= start(slot)
      slot.worker.ref()
      slot.timer = setTimeout(() => drop(slot, 'parse-timeout'), timeoutMs)
      // One copy of exactly the mail: a cloned view would take its whole underlying buffer along.
      const copy = new Uint8Array(task.raw)
      slot.worker.postMessage(copy, [copy.buffer])
    } catch {
      drop(slot, 'parse-crashed')
    }
  }

  function start(slot: Slot): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      // Nothing of the environment or the command line is for the parser.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 64 },
    })
    worker.on('message', (message: InboundMessage) => {
      if (slot.worker === worker) settle(slot, message)
    })
    worker.on('error', () => {
      if (slot.worker === worker) drop(slot, 'parse-crashed')
    })
    worker.on('exit', () => {
      if (slot.worker === worker) drop(slot, 'parse-crashed')
    })
    return worker
  }

  function settle(slot: Slot, message: InboundMessage): void {
    const { task, worker } = slot
    if (slot.timer) clearTimeout(slot.timer)
    slot.task = null
    slot.timer = null
    // An idle thread must not keep a finished process alive.
    worker?.unref()
    task?.resolve(message)
    fill()
  }

  /** Ends the thread and answers its mail without it; the next mail gets a new thread. */
  function drop(slot: Slot, warning: string): void {
    const { worker, task } = slot
    slot.worker = null
    void worker?.terminate()
    if (task) settle(slot, fallback(task.raw, warning))
  }

  return {
    normalise: (raw) =>
      new Promise((resolve) => {
        if (closed) return resolve(fallback(raw, 'parse-closed'))
        queue.push({ raw, resolve })
        fill()
      }),
    warm() {
      for (const slot of slots) {
        slot.worker ??= start(slot)
        if (!slot.task) slot.worker.unref()
      }
    },
    async close() {
      closed = true
      for (const task of queue.splice(0)) task.resolve(fallback(task.raw, 'parse-closed'))
      const ended = slots.map((slot) => slot.worker?.terminate())
      for (const slot of slots) drop(slot, 'parse-closed')
      await Promise.all(ended)
    },
  }
}

function fallback(raw: Uint8Array, warning: string): InboundMessage {
  try {
    return fallbackMessage(raw, warning)
  } catch {
    return fallbackMessage(new Uint8Array(0), warning)
  }
}
