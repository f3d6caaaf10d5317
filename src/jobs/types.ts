// Typed job tokens and what a handler gets.
import { MINUTE, SECOND } from '../clock.js'
import type { Tx } from '../db/types.js'

export interface JobType<Data> {
  readonly name: string
  /** Tries before the row is dead. A try is counted when it begins, so a crash counts too. */
  readonly attempts: number
  /** How many of this kind run at once in one process. */
  readonly concurrency: number
  readonly timeoutMs: number
  /** Milliseconds to wait after try number `attempt` failed. */
  readonly backoff: (attempt: number) => number
  /** Milliseconds between runs of a recurring job. */
  readonly every?: number
  /** How many of this kind may begin in a span of time, in all processes together. */
  readonly rate?: Rate
  /** Never set: carries the type of the data. */
  readonly data?: (data: Data) => void
}

export interface Rate {
  readonly most: number
  readonly perMs: number
}

type Options = Partial<Omit<JobType<unknown>, 'name' | 'data'>>

export const defineJob = <Data>(name: string, options: Options = {}): JobType<Data> => ({
  name,
  attempts: 10,
  concurrency: 8,
  timeoutMs: 5 * MINUTE,
  backoff: exponential(10 * SECOND, 60 * MINUTE),
  ...options,
})

/** Doubles from `first` up to `most`, with up to a quarter of jitter, so that what failed together does not return together. */
export const exponential = (first: number, most: number) => (attempt: number) =>
  Math.min(first * 2 ** (attempt - 1), most) * (1 + Math.random() / 4)

export interface JobRun<Data, T = Tx> {
  readonly id: string
  readonly data: Data
  /** When it was scheduled first; for an event: when it happened. */
  readonly createdAt: Date
  /** 1 for the first try. */
  readonly attempt: number
  /** Aborted when the time limit is over or the process stops. */
  readonly signal: AbortSignal
  /**
   * Removes the job in the handler's own transaction, so that its effect and its end are one. Throws, and so undoes
   * the effect, when another worker has got the row meanwhile.
   */
  complete(tx: T): Promise<void>
}

export interface JobHandler<Data> {
  readonly type: JobType<Data>
  run(job: JobRun<Data>): Promise<void>
  /** In the transaction in which the row dies, so that what it was for can show it. */
  dead?(tx: Tx, data: Data, error: string): Promise<void>
}

/** The handlers of this process, by job name. */
export class JobHandlers {
  readonly #byName = new Map<string, JobHandler<unknown>>()
  readonly #paused = new Set<string>()

  add<Data>(handler: JobHandler<Data>): void {
    if (this.#byName.has(handler.type.name))
      throw new Error(`two handlers for the job "${handler.type.name}"`)
    this.#byName.set(handler.type.name, handler as JobHandler<unknown>)
  }

  /** Its rows are parked from now on, as if it were not here. */
  pause(name: string): void {
    this.#paused.add(name)
  }

  resume(name: string): void {
    this.#paused.delete(name)
  }

  get = (name: string) => (this.#paused.has(name) ? undefined : this.#byName.get(name))
  /** Also one that is paused: what was claimed before that is run. */
  known = (name: string) => this.#byName.get(name)
  names = () => [...this.#byName.keys()].filter((name) => !this.#paused.has(name))
  knownNames = () => [...this.#byName.keys()]
  all = () => this.names().map((name) => this.#byName.get(name)!)
}
