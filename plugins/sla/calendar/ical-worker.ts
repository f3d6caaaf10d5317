// The thread of ical-thread.ts.
import { parentPort, workerData } from 'node:worker_threads'
import ICAL from 'ical.js'
import { contentOf, Unreadable } from './ical-expand.js'
import type { Answer, Task } from './ical-thread.js'

const { text, options } = workerData as Task
parentPort?.postMessage(answer())

function answer(): Answer {
  try {
    return { content: contentOf(ICAL, text, options) }
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message }
    throw error
  }
}
