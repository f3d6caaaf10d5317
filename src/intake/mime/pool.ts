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
  /** Comes back with the answer: no mail can be given the content of another. */
  id: number
  raw: Uint8Array
  resolve(message: InboundMessage): void
}

interface Slot {
  worker: Worker | null
  /** What its thread has been given, the one it works on first. */
  tasks: Task[]
  timer: NodeJS.Timeout | null
}

// A few ahead, so that a thread need not wait while this one is busy with the database.
const AHEAD = 8
const AHEAD_BYTES = 4 * 1024 * 1024

export function createNormaliser(options: NormaliserOptions = {}): Normaliser {
  const { workers = 1, timeoutMs = limits.timeoutMs, memoryMb = limits.memoryMb } = options
  const slots: Slot[] = Array.from({ length: Math.max(1, workers) }, () => ({
    worker: null,
    tasks: [],
    timer: null,
  }))
  const queue: Task[] = []
  let given = 0
  let closed = false

  function fill(): void {
    while (queue.length > 0) {
      const slot = slotFor(queue[0]!)
      if (!slot) return
      give(slot, queue.shift()!)
    }
  }

  /** A running thread that is idle, before a new one (a quiet desk keeps one), before the shortest line. */
  function slotFor({ raw }: Task): Slot | undefined {
    const idle = slots.filter(({ tasks }) => tasks.length === 0)
    const free = idle.find(({ worker }) => worker) ?? idle[0]
    if (free) return free
    const shortest = slots.reduce((a, b) => (b.tasks.length < a.tasks.length ? b : a))
    const bytes = shortest.tasks.reduce((sum, task) => sum + task.raw.length, raw.length)
    return shortest.tasks.length < AHEAD && bytes <= AHEAD_BYTES ? shortest : undefined
  }

  function give(slot: Slot, task: Task): void {
    slot.tasks.push(task)
    try {
      slot.worker ??= start(slot)
      slot.worker.ref()
      if (slot.tasks.length === 1) watch(slot)
      // One copy of exactly the mail: a cloned view would take its whole underlying buffer along.
      const copy = new Uint8Array(task.raw)
      slot.worker.postMessage({ id: task.id, raw: copy }, [copy.buffer])
    } catch {
      drop(slot, 'parse-crashed')
    }
  }

  /** Times the mail that the thread works on now. */
  function watch(slot: Slot): void {
    slot.timer = setTimeout(() => drop(slot, 'parse-timeout'), timeoutMs)
  }

  function start(slot: Slot): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      // Nothing of the environment or the command line is for the parser.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 64 },
    })
    worker.on('message', ({ id, message }: { id: number; message: InboundMessage }) => {
      if (slot.worker === worker && slot.tasks[0]?.id === id) settle(slot, message)
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
    if (slot.timer) clearTimeout(slot.timer)
    slot.timer = null
    const task = slot.tasks.shift()
    if (slot.tasks.length > 0) watch(slot)
    // An idle thread must not keep a finished process alive.
    else slot.worker?.unref()
    task?.resolve(message)
    fill()
  }

  /** Ends the thread and answers the mail it worked on without it; those behind that one get a new thread. */
  function drop(slot: Slot, warning: string): void {
    const { worker } = slot
    slot.worker = null
    if (slot.timer) clearTimeout(slot.timer)
    slot.timer = null
    void worker?.terminate()
    const [guilty, ...innocent] = slot.tasks
    slot.tasks = guilty ? [guilty] : []
    queue.unshift(...innocent)
    if (guilty) settle(slot, fallback(guilty.raw, warning))
  }

  return {
    normalise: (raw) =>
      new Promise((resolve) => {
        if (closed) return resolve(fallback(raw, 'parse-closed'))
        queue.push({ id: ++given, raw, resolve })
        fill()
      }),
    warm() {
      for (const slot of slots) {
        slot.worker ??= start(slot)
        if (slot.tasks.length === 0) slot.worker.unref()
      }
    },
    async close() {
      closed = true
      const ended = slots.map((slot) => slot.worker?.terminate())
      const begun = slots.flatMap((slot) => slot.tasks.splice(0))
      for (const slot of slots) drop(slot, 'parse-closed')
      for (const task of [...begun, ...queue.splice(0)]) task.resolve(fallback(task.raw, 'parse-closed'))
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
