// What `setup` gets: the ways in which a plugin can act, and no others.
import type { Static, TObject, TSchema } from 'typebox'
import { type Clock, SECOND, within } from '../clock.js'
import {
  type Db,
  type Dialect,
  type Prepared,
  prepared,
  type Queries,
  type Reader,
  type Tx,
} from '../db/types.js'
import type { Event, Filter } from '../hooks/tokens.js'
import type { JobRun } from '../jobs/types.js'
import type { Permission } from '../people/permissions.js'
import type { FieldDefinition } from '../tickets/fields.js'
import type { Workflow } from '../tickets/workflow.js'
import type { Command } from './command.js'
import type { PluginTables } from './define.js'
import type { PluginDesk } from './desk.js'
import type { PluginRoute } from './route.js'
import type { Service } from './service.js'

/** How long a transaction of a plugin may take: on SQLite everybody else waits for its end. */
export const TRANSACTION_MS = 5 * SECOND

/** Reads what is committed. It has no `insert`: writing needs a transaction. */
export interface PluginDb extends Pick<Reader, 'select' | 'selectDistinct' | 'run'> {
  readonly dialect: Pick<Dialect, 'name' | 'isUniqueViolation'>
  /**
   * Runs `work` in a transaction: committed when the promise resolves, rolled back when it rejects. Never wait for
   * the network or a timer inside: on SQLite everybody else waits too. After five seconds it is rolled back.
   */
  transaction<R>(work: (tx: PluginTx) => Promise<R>): Promise<R>
  /**
   * How many transactions wait for the one that writes (SQLite; undefined where they run side by side): what works through
   * many rows ends its transaction for them, and goes on in the next.
   */
  queued?(): number
}

/** One transaction. Write the tables of the plugin with it, and the desk through `app.desk`. */
export interface PluginTx
  extends Pick<Tx, 'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | 'run'> {
  readonly dialect: Pick<Dialect, 'name' | 'isUniqueViolation'>
  /** The instant of this transaction. */
  readonly now: Date
}

/** Either of the two: enough to read. */
export type PluginReader = Pick<PluginDb, 'select' | 'selectDistinct' | 'run' | 'dialect'>

/** What a filter must not change in place. */
export type Frozen<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends Date | Uint8Array
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Frozen<T[K]> }
      : T

export interface Log {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface FilterOptions {
  /** Milliseconds it may take. Default 250, at most 2000: it holds a transaction open. */
  budgetMs?: number
}

export interface HandlerOptions {
  /** Milliseconds one run may take. Default 30 000. */
  timeoutMs?: number
  /** How many run at once in one process. Default 4. */
  concurrency?: number
  /** How many may begin in a span of time, in all processes together: `{ most: 10, perMs: 1000 }`. Default: any number. */
  rate?: { readonly most: number; readonly perMs: number }
  /** Tries before it is dead. Default 10, with growing delay from 10 s to one hour. */
  attempts?: number
  /** Milliseconds to wait after try number `attempt` (from 1) failed. */
  backoff?(attempt: number): number
}

export interface EventOptions<Payload> extends HandlerOptions {
  /**
   * Whether this payload is for the handler, looked at in the transaction that publishes the event: false, and nothing
   * is scheduled. By the payload alone, at once; one that throws counts as true, and as a failure of the handler.
   */
  when?(payload: Frozen<Payload>): boolean
}

export interface EveryOptions extends HandlerOptions {
  /** As that of `EventOptions`. */
  when?(event: string, payload: unknown): boolean
}

export interface JobOptions<Data> extends HandlerOptions {
  /** Milliseconds between runs of a recurring job; its data is `{}`. */
  every?: number
  /**
   * Read the row you are about to act on, act only if it still needs it, in one transaction: a job can come twice.
   */
  run(job: JobRun<Data, PluginTx>): Promise<void>
  /** In the transaction in which the job dies after its last try. */
  dead?(tx: PluginTx, data: Data, error: string): Promise<void>
}

export interface Job<Data> {
  /**
   * While a row with this key waits, scheduling again moves it and replaces its data.
   * @param at default: now.
   */
  schedule(tx: PluginTx, data: Data, options?: { key?: string; at?: Date }): Promise<void>
  /** As if they were scheduled one after the other, in few statements. */
  scheduleMany(tx: PluginTx, jobs: readonly { data: Data; key?: string; at?: Date }[]): Promise<void>
  /** @returns whether a waiting row was taken back; false when there is none or it runs already. */
  cancel(tx: PluginTx, key: string): Promise<boolean>
  /** @returns the keys of the waiting rows that were taken back. */
  cancelMany(tx: PluginTx, keys: readonly string[]): Promise<string[]>
}

export interface Notice {
  /** The same key replaces the notice that is there. */
  key: string
  level: 'info' | 'warning' | 'error'
  text: string
}

/** Values of the plugin's own fields, by their keys. */
export type FieldValues<F extends Record<string, FieldDefinition>> = {
  readonly [K in keyof F]?: Static<F[K]['schema']>
}

/** Values of a ticket field. */
export interface Field<Value> {
  /** @returns null where the ticket has none. */
  get(r: PluginReader, ticketId: string): Promise<Value | null>
  /** Also one that is `readOnly`. @param value null takes it away. @throws DeskError `field_invalid`. */
  set(tx: PluginTx, ticketId: string, value: Value | null): Promise<void>
}

/** Where tickets stand in a workflow. */
export interface Stages<Stage extends string> {
  /** @returns null where the ticket is not in it. */
  get(r: PluginReader, ticketId: string): Promise<Stage | null>
  /** Puts a ticket into the first stage. @throws DeskError `wrong_state` where it is in the workflow already. */
  start(tx: PluginTx, ticketId: string): Promise<void>
  /** @throws DeskError `stage_not_next` when `to` does not follow the stage the ticket is in. */
  move(tx: PluginTx, ticketId: string, to: Stage): Promise<void>
}

/** @param away.since when a desk first started without the plugin. */
export type Return = (tx: PluginTx, away: { readonly since: Date }) => Promise<void>

export interface PluginApp<
  N extends string = string,
  T extends PluginTables = PluginTables,
  S extends TObject = TObject,
  P extends Record<string, string> = Record<string, string>,
  F extends Record<string, FieldDefinition> = Record<string, FieldDefinition>,
> {
  readonly name: N
  /** Lines carry the plugin's name; at most 200 in ten seconds. */
  readonly log: Log
  readonly clock: Clock
  readonly db: PluginDb
  /** Its own tables, built for the database of this desk. */
  readonly tables: T
  readonly permissions: { readonly [K in keyof P]: Permission }
  readonly fields: { readonly [K in keyof F]: Field<Static<F[K]['schema']>> }
  /**
   * Many fields of many tickets in few statements; null takes a value away. What differs is one line of the timeline and one
   * `ticketUpdated` for each ticket; a ticket that does not exist is passed over. Two hundred tickets a transaction are
   * quick and keep nobody waiting.
   * @returns the ids of the tickets of which something differed.
   * @throws DeskError `field_invalid`.
   */
  setFields(
    tx: PluginTx,
    sets: readonly {
      ticketId: string
      values: { readonly [K in keyof F]?: Static<F[K]['schema']> | null }
    }[],
  ): Promise<string[]>
  /** Its own fields of these tickets; one that has none is not in the map. */
  readFields(r: PluginReader, ticketIds: readonly string[]): Promise<Map<string, FieldValues<F>>>
  /** The desk: reading tickets and people, and the commands that change them. */
  readonly desk: PluginDesk
  /** The settings as they are now. */
  settings(): Static<S>

  /** Joins a chain that runs in the transaction of a command; may return a replacement or throw `Rejection`. */
  filter<Value, Context>(
    filter: Filter<Value, Context>,
    name: string,
    run: (
      tx: PluginTx,
      value: Frozen<Value>,
      context: Frozen<Context>,
    ) => Promise<Value | Frozen<Value> | undefined> | Value | Frozen<Value> | undefined,
    options?: FilterOptions,
  ): void
  /** After the commit, at least once, in no promised order: ask what is true now. */
  on<Payload>(
    event: Event<Payload>,
    name: string,
    run: (payload: Payload, job: JobRun<Payload, PluginTx>) => Promise<void>,
    options?: EventOptions<NoInfer<Payload>>,
  ): void
  /** Subscribes to every event there is, those of other plugins too. */
  onEvery(
    name: string,
    run: (event: string, payload: unknown, job: JobRun<unknown, PluginTx>) => Promise<void>,
    options?: EveryOptions,
  ): void
  /** Publishes an event of this plugin, in the transaction that makes it true. */
  emit<Payload>(tx: PluginTx, event: Event<Payload, `${N}.${string}`>, payload: Payload): Promise<void>
  job<Data>(name: string, options: JobOptions<Data>): Job<Data>
  /** A route under `/api/plugins/NAME`. */
  route<Params extends TSchema, Query extends TSchema, Body extends TSchema>(
    route: PluginRoute<Params, Query, Body>,
  ): void
  workflow<Name extends `${N}.${string}`, Stage extends string>(
    workflow: Workflow<Name, Stage>,
  ): Stages<Stage>

  provide<Interface>(service: Service<Interface, `${N}.${string}`>, implementation: Interface): void
  /** The service of a plugin that `requires` names. @throws when there is none: the boot stops. */
  use<Interface>(service: Service<Interface>): Interface
  /** The service, or undefined where its plugin is not on. */
  find<Interface>(service: Service<Interface>): Interface | undefined

  /** A command that needs the desk; one that does not is data of the definition (`commands`). */
  command(command: Command): void
  /** A check that `GET /api/health/ready` shows under the plugin's name; it does not make the desk unready. */
  health(name: string, check: () => Promise<{ ok: boolean; detail: string }>): void
  /** Shows a line to administrators until it is cleared. */
  notify(tx: PluginTx, notice: Notice): Promise<void>
  clearNotice(tx: PluginTx, key: string): Promise<void>
  /** Encrypts a secret for a table of the plugin (AES-256-GCM with the key of this desk), and back. */
  seal(text: string): string
  open(sealed: string): string
  /** Every event that there is, after all plugins were set up. */
  events(): readonly string[]
  /**
   * In the start of a desk, when others have started without this plugin since it was last there: events of that time
   * were kept for nobody, and its own jobs were parked. In the transaction that records its return: an error stops the
   * start, and the next one tries again. Leave what takes long to a job.
   */
  onReturn(run: Return): void
  onStart(run: () => Promise<void>): void
  onStop(run: () => Promise<void>): void
}

/**
 * A query that is built once and then only run, by `run(query, params)` of a reader or a transaction: what runs for each
 * ticket is worth it. `sql.placeholder('name')` stands for a parameter. Made in `setup`, with the tables of the app.
 */
export const preparedQuery = <Params extends Record<string, unknown>, Row>(
  build: (q: Pick<Queries, 'select' | 'selectDistinct' | 'insert' | 'update' | 'delete'>) => {
    execute(): Promise<Row[]>
  },
): Prepared<Params, Row> => prepared(build)

/** The database as the core has it; the same object, with the types of the core. */
export const coreTx = (tx: PluginTx): Tx => tx as unknown as Tx
export const coreReader = (r: PluginReader): Reader => r as unknown as Reader
/** Its transactions have a limit of their own: that of the handler ends nothing that the database waits for. */
export const pluginDb = (db: Db): PluginDb =>
  Object.assign(Object.create(db), {
    transaction: <R>(work: (tx: PluginTx) => Promise<R>) =>
      db.transaction((tx) => within(TRANSACTION_MS, () => work(tx as unknown as PluginTx))),
  })
