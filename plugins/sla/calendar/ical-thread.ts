// Reads iCalendar in a thread of its own, which ends with it.
import { Worker } from 'node:worker_threads'
import { type Content, type ReadOptions, Unreadable } from './ical-expand.js'

export interface Task {
  readonly text: string
  readonly options: ReadOptions
}

export type Answer = { readonly content: Content } | { readonly problem: string }

const MOST_MEMORY_MB = 256

/** @throws Unreadable */
export function inThread(text: string, options: ReadOptions, budgetMs: number): Promise<Content> {
  const worker = new Worker(new URL('./ical-worker.js', import.meta.url), {
    workerData: { text, options } satisfies Task,
    // Nothing of the environment or the command line is for the reader.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB },
  })
  return new Promise<Content>((resolve, reject) => {
    const refuse = (reason: string) => reject(new Unreadable(reason))
    const timer = setTimeout(() => refuse('It takes too long to work out its events.'), budgetMs)
    worker.on('message', (answer: Answer) => {
      if ('content' in answer) resolve(answer.content)
      else refuse(answer.problem)
    })
    worker.on('error', () => refuse('It takes too much memory to work out its events.'))
    worker.on('exit', () => {
      clearTimeout(timer)
      refuse('It cannot be read.')
    })
  }).finally(() => worker.terminate())
}
