// Containment: what a plugin registered runs through here. It has a budget, its failures are counted under its name,
// and after several in a row it is switched off, visibly, with a way back.
import { AsyncResource } from 'node:async_hooks'
import { and, eq, sql } from 'drizzle-orm'
import { within } from '../clock.js'
import type { Db, Tx } from '../db/types.js'
import { fail, isDeskError, reasonOf } from '../errors.js'
import { isRejection } from '../hooks/hooks.js'
import type { JobHandlers } from '../jobs/types.js'
import type { Log } from './app.js'
import type { Marks } from './marks.js'
import { runAs, type Running as Who } from './running.js'

/** Failures in a row after which a handler is switched off. A filter stands in everybody's way, a job in its own. */
const MOST_FAILURES = { filter: 3, event: 10, job: 10 } as const
/** Deaths of a process inside a filter. */
const MOST_DEATHS = 2

export type HandlerKind = keyof typeof MOST_FAILURES

export interface HandlerState extends Who {
  readonly kind: HandlerKind
  /** The kind of job that it runs as. */
  readonly job: string | null
  runs: number
  failures: number
  inARow: number
  totalMs: number
  slowestMs: number
  lastError: string | null
  /** Why it is switched off; null: it is on. */
  off: string | null
}

export interface GuardDeps {
  db: Db
  log: Log
  handlers: JobHandlers
  marks: Marks
}

export class Guard {
  readonly #states = new Map<string, HandlerState>()
  /** Switched off here, and not in the table yet. */
  readonly #unwritten = new Set<string>()
  readonly #record: (who: Who, reason: string) => void

  constructor(private readonly deps: GuardDeps) {
    // Bound here, outside of any transaction: a failure is recorded while its own is being rolled back.
    this.#record = AsyncResource.bind((who: Who, reason: string) => void this.#write(who, reason))
  }

  register(who: Who, kind: HandlerKind, job: string | null = null): HandlerState {
    const state: HandlerState = {
      ...{ ...who, kind, job, runs: 0, failures: 0, inARow: 0, totalMs: 0, slowestMs: 0 },
      ...{ lastError: null, off: null },
    }
    this.#states.set(keyOf(who), state)
    return state
  }

  states = (plugin?: string): HandlerState[] =>
    [...this.#states.values()].filter((state) => plugin === undefined || state.plugin === plugin)

  /** @throws DeskError `plugin_failed` when it fails or takes too long: the command is rolled back. */
  async filter<T>(state: HandlerState, budgetMs: number, run: () => Promise<T> | T): Promise<T | undefined> {
    if (state.off !== null) return undefined
    const leave = this.deps.marks.enter({ plugin: state.plugin, handler: state.handler })
    try {
      return await this.run(state, budgetMs, run)
    } catch (error) {
      // A veto, or what a command of the desk refused, is an answer and no failure.
      if (isRejection(error) || isDeskError(error)) throw error
      const detail = `The ${state.handler} of the plugin "${state.plugin}" failed: ${reasonOf(error)}`
      throw fail('plugin_failed', detail)
    } finally {
      leave()
    }
  }

  /** Times it, counts it, and passes its result or its failure on. */
  async run<T>(state: HandlerState, budgetMs: number, run: () => Promise<T> | T): Promise<T> {
    const began = performance.now()
    try {
      const value = await within(budgetMs, () => runAs(state, run))
      const ms = this.#count(state, began)
      // Too slow, though it came back: the loop was blocked, and no timer could fire.
      if (ms > budgetMs) this.failed(state, `it took ${Math.round(ms)} ms of its ${budgetMs}`)
      else state.inARow = 0
      return value
    } catch (error) {
      this.#count(state, began)
      if (!isRejection(error) && !isDeskError(error)) this.failed(state, reasonOf(error))
      throw error
    }
  }

  /** In somebody else's command: one that throws is a failure of its plugin, and the handler runs to be safe. */
  wants(state: HandlerState, ask: () => boolean): boolean {
    try {
      return runAs(state, ask) !== false
    } catch (error) {
      this.failed(state, `its \`when\` failed: ${reasonOf(error)}`)
      return true
    }
  }

  #count(state: HandlerState, began: number): number {
    const ms = performance.now() - began
    state.runs++
    state.totalMs += ms
    state.slowestMs = Math.max(state.slowestMs, ms)
    return ms
  }

  failed(who: Who, reason: string): void {
    const state = this.#states.get(keyOf(who))
    if (!state) return
    state.failures++
    state.inARow++
    state.lastError = reason.slice(0, 500)
    const which = { plugin: state.plugin, handler: state.handler, inARow: state.inARow, reason }
    this.deps.log.warn(which, 'a handler of a plugin failed')
    if (state.off !== null || state.inARow < MOST_FAILURES[state.kind]) return
    const why = `${state.inARow} failures in a row, the last: ${reason}`
    this.#switchOff(state, why)
    this.#unwritten.add(keyOf(state))
    this.#record(state, why)
  }

  #switchOff(state: HandlerState, reason: string): void {
    state.off = reason.slice(0, 500)
    if (state.job) this.deps.handlers.pause(state.job)
    const { plugin, handler } = state
    this.deps.log.error({ plugin, handler, reason }, 'a handler of a plugin is switched off')
  }

  #switchOn(state: HandlerState): void {
    state.off = null
    state.inARow = 0
    if (state.job) this.deps.handlers.resume(state.job)
  }

  async #write({ plugin, handler }: Who, reason: string): Promise<void> {
    const { db, log } = this.deps
    const row = { reason: reason.slice(0, 500), off: true }
    await db
      .transaction(async (tx) => {
        const { pluginFaults: faults } = tx.t
        await tx
          .insert(faults)
          .values({ plugin, handler, deaths: 0, at: tx.now, ...row })
          .onConflictDoUpdate({ target: [faults.plugin, faults.handler], set: { ...row, at: tx.now } })
      })
      .catch((error: unknown) =>
        log.error({ plugin, handler, err: error }, 'a failure could not be recorded'),
      )
      .finally(() => this.#unwritten.delete(keyOf({ plugin, handler })))
  }

  /** What was recorded here or by another process. @returns whether a handler was switched on by it. */
  async load(): Promise<boolean> {
    const { pluginFaults: faults } = this.deps.db.t
    const rows = await this.deps.db.select().from(faults).where(eq(faults.off, true))
    const off = new Map(rows.map((row) => [keyOf(row), row.reason]))
    let on = false
    for (const [key, state] of this.#states) {
      const reason = off.get(key)
      if (reason !== undefined && state.off === null) this.#switchOff(state, reason)
      if (reason !== undefined || state.off === null || this.#unwritten.has(key)) continue
      this.#switchOn(state)
      on = true
    }
    return on
  }

  /** The processes that died in a filter: twice, and the filter is off. */
  async bury(deaths: readonly Who[]): Promise<void> {
    for (const { plugin, handler } of deaths)
      await this.deps.db.transaction(async (tx) => {
        const { pluginFaults: faults } = tx.t
        const reason = 'the process ended while it ran'
        const [row] = await tx
          .insert(faults)
          .values({ plugin, handler, reason, deaths: 1, off: false, at: tx.now })
          .onConflictDoUpdate({
            target: [faults.plugin, faults.handler],
            set: { deaths: sql`${faults.deaths} + 1`, reason, at: tx.now },
          })
          .returning({ deaths: faults.deaths })
        if (row!.deaths >= MOST_DEATHS)
          await tx
            .update(faults)
            .set({ off: true })
            .where(and(eq(faults.plugin, plugin), eq(faults.handler, handler)))
      })
  }

  /** The way back; other processes follow with their next look. @returns false where there is no such handler. */
  async switchOn(tx: Tx, plugin: string, handler: string): Promise<boolean> {
    const state = this.#states.get(keyOf({ plugin, handler }))
    if (!state) return false
    const { pluginFaults: faults } = tx.t
    await tx.delete(faults).where(and(eq(faults.plugin, plugin), eq(faults.handler, handler)))
    this.#switchOn(state)
    return true
  }
}

const keyOf = ({ plugin, handler }: Who): string => `${plugin} ${handler}`
