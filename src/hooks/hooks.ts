// The registry behind filters and events. An event is one job row per subscriber, inserted in the publishing
// transaction: one table, one retry rule, one place to look.
import Value from 'typebox/value'
import type { Tx } from '../db/types.js'
import { fail, reasonOf } from '../errors.js'
import { scheduleMany } from '../jobs/schedule.js'
import { defineJob, type JobHandlers, type JobRun, type JobType } from '../jobs/types.js'
import type { Event, Filter } from './tokens.js'

/** Thrown by a filter to veto what is about to happen; the reason is shown to the caller. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
}

/** By name: a plugin may have its own copy of this module. */
export const isRejection = (error: unknown): error is Rejection =>
  error instanceof Error && error.name === 'Rejection'

/** The kind of job that runs a subscriber. */
export const subscription = (event: Event<never>, name: string): string => `${event.name}:${name}`

/**
 * Returns a replacement, nothing, or throws a Rejection. Any other error rolls the command back.
 * @param fits passes what fits the filter, and throws otherwise: for whoever counts failures.
 */
export type FilterFunction<Value, Context> = (
  tx: Tx,
  value: Readonly<Value>,
  context: Context,
  fits: (replacement: Value | undefined) => Value | undefined,
) => Promise<Value | undefined> | Value | undefined

interface Subscriber {
  readonly type: JobType<unknown>
  readonly when: ((payload: never) => boolean) | undefined
}

type JobOptions = NonNullable<Parameters<typeof defineJob>[1]>

export class Hooks {
  readonly #filters = new Map<string, { name: string; run: FilterFunction<unknown, unknown> }[]>()
  readonly #subscribers = new Map<string, Subscriber[]>()

  constructor(private readonly handlers: JobHandlers) {}

  filter<V, C>(filter: Filter<V, C>, name: string, run: FilterFunction<V, C>): void {
    const chain = this.#filters.get(filter.name) ?? []
    chain.push({ name, run: run as FilterFunction<unknown, unknown> })
    this.#filters.set(filter.name, chain)
  }

  on<P>(
    event: Event<P>,
    name: string,
    run: (payload: P, job: JobRun<P>) => Promise<void>,
    { when, ...options }: JobOptions & { when?: (payload: P) => boolean } = {},
  ): void {
    const type = defineJob<P>(subscription(event, name), options)
    this.handlers.add({ type, run: (job) => run(job.data, job) })
    const subscriber = { type: type as JobType<unknown>, when }
    this.#subscribers.set(event.name, [...(this.#subscribers.get(event.name) ?? []), subscriber])
  }

  /**
   * Runs the chain in the command's transaction.
   * @param changed hears who returned a replacement, and which.
   * @throws DeskError `rejected` after a veto.
   */
  async apply<V, C>(
    tx: Tx,
    filter: Filter<V, C>,
    value: V,
    context: C,
    changed?: (name: string, value: V) => void,
  ): Promise<V> {
    let current = value
    for (const { name, run } of this.#filters.get(filter.name) ?? []) {
      const fits = (replacement: unknown) => {
        if (replacement === undefined || !filter.schema || Value.Check(filter.schema, replacement))
          return replacement
        throw new Error(`the filter ${filter.name}/${name} returned a value that does not fit ${filter.name}`)
      }
      const replacement = fits(
        await veto(name, () => run(tx, current as Readonly<unknown>, context, fits)),
      ) as V | undefined
      if (replacement === undefined) continue
      current = replacement
      changed?.(name, current)
    }
    return current
  }

  /** Call it inside the transaction that makes the event true. Who does not want this payload gets no row. */
  async emit<P>(tx: Tx, event: Event<P>, payload: P): Promise<void> {
    await this.emitMany(tx, event, [payload])
  }

  async emitMany<P>(tx: Tx, event: Event<P>, payloads: readonly P[]): Promise<void> {
    for (const { type, when } of this.#subscribers.get(event.name) ?? []) {
      const wanted = when ? payloads.filter((payload) => when(payload as never) !== false) : payloads
      await scheduleMany(
        tx,
        type,
        wanted.map((data) => ({ data })),
      )
    }
  }
}

async function veto<T>(name: string, run: () => Promise<T> | T): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isRejection(error)) throw fail('rejected', `${reasonOf(error)} (${name})`)
    throw error
  }
}
