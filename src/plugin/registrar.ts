// The `app` that a plugin's setup gets: each call checks, wraps what it is given in the guard, and hands it to the
// part of the core that runs it.
import type { TObject } from 'typebox'
import Value from 'typebox/value'
import { type Clock, MINUTE, SECOND, within } from '../clock.js'
import type { Db } from '../db/types.js'
import type { Hooks } from '../hooks/hooks.js'
import { subscription } from '../hooks/hooks.js'
import type { Event, Filter } from '../hooks/tokens.js'
import { cancel, cancelMany, schedule, scheduleMany } from '../jobs/schedule.js'
import { defineJob, exponential, type JobHandlers, type JobRun } from '../jobs/types.js'
import { type Permission, permissions } from '../people/permissions.js'
import type { Settings } from '../settings/settings.js'
import type { Desk } from '../tickets/desk.js'
import { moveStage, readStage, startWorkflow, type Workflow } from '../tickets/workflow.js'
import {
  coreReader,
  coreTx,
  type EventOptions,
  type HandlerOptions,
  type Job,
  type JobOptions,
  type Log,
  type PluginApp,
  type PluginTx,
  pluginDb,
  type Return,
  TRANSACTION_MS,
} from './app.js'
import type { Command } from './command.js'
import { deskFor } from './commands.js'
import type { Plugin, PluginTables } from './define.js'
import type { Guard } from './guard.js'
import { clearNotice, notify } from './notices.js'
import { ownFields } from './own-fields.js'
import { type PluginRoute, problemOfAnswer } from './route.js'
import type { Service } from './service.js'

/** What all plugins share. */
export interface Shared {
  db: Db
  desk: Desk
  clock: Clock
  hooks: Hooks
  handlers: JobHandlers
  settings: Settings
  guard: Guard
  services: Map<string, unknown>
  /** Names of every event there is; complete after the last setup. */
  events: Map<string, Event<never>>
}

/** What one plugin registered. */
export interface Registered {
  readonly routes: PluginRoute<never, never, never>[]
  readonly commands: Command[]
  readonly checks: { name: string; check: () => Promise<{ ok: boolean; detail: string }> }[]
  readonly returns: Return[]
  readonly starts: (() => Promise<void>)[]
  readonly stops: (() => Promise<void>)[]
  /** Run after the last setup, when every event is known. */
  readonly everies: (() => void)[]
}

export const nothingYet = (): Registered => ({
  routes: [],
  commands: [],
  checks: [],
  returns: [],
  starts: [],
  stops: [],
  everies: [],
})

const BUDGET_MS = 250
const MOST_BUDGET_MS = 2000

function jobOptions({ timeoutMs, concurrency, rate, attempts, backoff }: HandlerOptions) {
  if (rate && !(rate.most >= 1 && rate.perMs >= 1))
    throw new Error(
      '`rate` needs `most` and `perMs` of at least 1: { most: 10, perMs: 1000 } is ten a second',
    )
  return {
    timeoutMs: timeoutMs ?? 30 * SECOND,
    concurrency: concurrency ?? 4,
    ...(rate && { rate }),
    attempts: attempts ?? 10,
    backoff: backoff ?? exponential(10 * SECOND, 60 * MINUTE),
  }
}

export function registrarFor(
  plugin: Plugin,
  tables: PluginTables,
  log: Log,
  shared: Shared,
  registered: Registered,
): { app: PluginApp; seal(): void } {
  const { db, desk, clock, hooks, handlers, settings, guard, services, events } = shared
  const { name } = plugin
  const actor = { kind: 'system', id: `plugin:${name}` } as const
  const known = new Set(
    [...Object.values(permissions), ...Object.values(permissionsOf(plugin))].map((one) => one.name),
  )
  let sealed = false
  const taken = new Set((plugin.commands ?? []).map((command) => `command ${command.name}`))
  const open = () => {
    if (sealed) throw new Error(`the plugin "${name}" registered something after its setup`)
  }
  /** A place among the plugin's own names. */
  const once = (kind: string, key: string) => {
    open()
    if (!/^[a-z][\w-]{0,59}$/i.test(key))
      throw new Error(`the ${kind} "${key}" must be letters, digits, - and _`)
    if (taken.has(`${kind} ${key}`)) throw new Error(`the ${kind} "${key}" is there twice`)
    taken.add(`${kind} ${key}`)
  }

  function subscribe<P>(
    event: Event<P>,
    handler: string,
    run: (payload: P, job: JobRun<P>) => Promise<void>,
    { when, ...options }: EventOptions<P>,
  ) {
    const who = { plugin: name, handler: `on ${event.name}/${handler}` }
    const state = guard.register(who, 'event', subscription(event as Event<never>, `${name}.${handler}`))
    const limits = jobOptions(options)
    hooks.on(
      event,
      `${name}.${handler}`,
      (payload, job) => guard.run(state, limits.timeoutMs, () => run(payload, job)),
      { ...limits, ...(when && { when: (payload: P) => guard.wants(state, () => when(payload as never)) }) },
    )
  }

  const app: PluginApp = {
    name,
    log,
    clock,
    db: pluginDb(db),
    tables,
    permissions: permissionsOf(plugin),
    ...ownFields(plugin, desk, actor),
    desk: deskFor(desk, name),
    settings: () => settingsOf(plugin, settings) as never,
    filter(filter, key, run, { budgetMs = BUDGET_MS } = {}) {
      once(`filter ${(filter as Filter<unknown, unknown>).name}`, key)
      const state = guard.register({ plugin: name, handler: `filter ${filter.name}/${key}` }, 'filter')
      const budget = Math.min(budgetMs, MOST_BUDGET_MS)
      hooks.filter(filter, `${name}/${key}`, (tx, value, context, fits) =>
        guard.filter(state, budget, async () =>
          fits((await run(tx as unknown as PluginTx, freeze(value) as never, context as never)) as never),
        ),
      )
    },
    on(event, key, run, options = {}) {
      once(`on ${event.name}`, key)
      subscribe(event, key, run as never, options as EventOptions<unknown>)
    },
    onEvery(key, run, { when, ...options } = {}) {
      once('onEvery', key)
      registered.everies.push(() => {
        for (const event of events.values())
          subscribe(event as Event<unknown>, key, (payload, job) => run(event.name, payload, job as never), {
            ...options,
            ...(when && { when: (payload) => when(event.name, payload) }),
          })
      })
    },
    async emit(tx, event, payload) {
      if (!plugin.events?.some((own) => own.name === event.name))
        throw new Error(`"${event.name}" is not among the events of the plugin "${name}"`)
      const problem = event.schema && Value.Errors(event.schema, payload)[0]
      if (problem)
        throw new Error(
          `the payload of "${event.name}" does not fit it: ${problem.instancePath} ${problem.message}`,
        )
      await hooks.emit(coreTx(tx), event, payload)
    },
    job<Data>(key: string, { every, run, dead, ...options }: JobOptions<Data>): Job<Data> {
      once('job', key)
      const limits = jobOptions(options)
      const type = defineJob<Data>(`${name}.${key}`, { ...limits, ...(every !== undefined && { every }) })
      const state = guard.register({ plugin: name, handler: `job ${key}` }, 'job', type.name)
      handlers.add<Data>({
        type,
        run: (job) => guard.run(state, limits.timeoutMs, () => run(job as unknown as JobRun<Data, PluginTx>)),
        ...(dead && {
          dead: (tx, data, error) =>
            within(TRANSACTION_MS, () => dead(tx as unknown as PluginTx, data, error)),
        }),
      })
      return {
        schedule: (tx, data, at) => schedule(coreTx(tx), type, data, at),
        scheduleMany: (tx, jobs) => scheduleMany(coreTx(tx), type, jobs),
        cancel: (tx, jobKey) => cancel(coreTx(tx), type as never, jobKey),
        cancelMany: (tx, keys) => cancelMany(coreTx(tx), type as never, keys),
      }
    },
    route(route) {
      open()
      if (!/^\/[\w\-/:]*$/.test(route.url)) throw new Error(`the route "${route.url}" must begin with "/"`)
      if (/^\/(doctor|handlers|panels)(\/|$)/.test(route.url))
        throw new Error(`the route "${route.url}" belongs to the core`)
      const wrong = problemOfAnswer(route)
      if (wrong) throw new Error(`the route "${route.url}" ${wrong}`)
      const { permission } = route
      if (typeof permission !== 'string' && !known.has(permission.name))
        throw new Error(`the route "${route.url}" needs "${permission.name}", which nobody declares`)
      registered.routes.push(route as never)
    },
    workflow(workflow) {
      if (!plugin.workflows?.some((own) => own.name === workflow.name))
        throw new Error(`"${workflow.name}" is not among the workflows of the plugin "${name}"`)
      const core = workflow as unknown as Workflow
      return {
        get: async (r, ticketId) => (await readStage(coreReader(r), core.name, ticketId)) as never,
        start: (tx, ticketId) => startWorkflow(coreTx(tx), desk, actor, core, ticketId),
        move: (tx, ticketId, to) => moveStage(coreTx(tx), desk, actor, core, ticketId, to),
      }
    },
    provide(service, implementation) {
      open()
      if (!service.name.startsWith(`${name}.`))
        throw new Error(`the service "${service.name}" must begin with "${name}."`)
      if (services.has(service.name)) throw new Error(`the service "${service.name}" is there twice`)
      services.set(service.name, implementation)
    },
    use<I>(service: Service<I>): I {
      const owner = service.name.split('.')[0]!
      if (owner !== name && !(owner in (plugin.requires ?? {})))
        throw new Error(`to use "${service.name}", name "${owner}" in requires`)
      if (!services.has(service.name)) throw new Error(`the plugin "${owner}" provides no "${service.name}"`)
      return services.get(service.name) as I
    },
    find: <I>(service: Service<I>) => services.get(service.name) as I | undefined,
    command(command) {
      once('command', command.name)
      registered.commands.push(command)
    },
    health(key, check) {
      once('health', key)
      registered.checks.push({ name: key, check })
    },
    notify: (tx, notice) => notify(coreTx(tx), name, notice),
    clearNotice: (tx, key) => clearNotice(coreTx(tx), name, key),
    seal: (text) => desk.secrets.seal(text),
    open: (text) => desk.secrets.open(text),
    events: () => [...events.keys()],
    onReturn(run) {
      open()
      registered.returns.push(run)
    },
    onStart(run) {
      open()
      registered.starts.push(run)
    },
    onStop(run) {
      open()
      registered.stops.push(run)
    },
  }
  return {
    app,
    seal() {
      sealed = true
    },
  }
}

export const permissionsOf = ({ name, permissions = {} }: Plugin): Record<string, Permission> =>
  Object.fromEntries(
    Object.entries(permissions).map(([key, description]) => [key, { name: `${name}:${key}`, description }]),
  )

export const propertiesOf = ({ settings }: Plugin): string[] =>
  Object.keys((settings as TObject | undefined)?.properties ?? {})

const settingsOf = (plugin: Plugin, settings: Settings): Record<string, unknown> =>
  Object.fromEntries(propertiesOf(plugin).map((key) => [key, settings.byKey(`${plugin.name}.${key}`)]))

/** A change in place would be seen by the next filter, and by nobody's check. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value
  // First, because it may contain itself.
  Object.freeze(value)
  for (const inner of Object.values(value)) freeze(inner)
  return value
}
