// The plugins of this desk: brought up to date, set up in order, started, stopped; what they registered, and how they do.
import path from 'node:path'
import type { TObject, TSchema } from 'typebox'
import { SECOND, within } from '../clock.js'
import type { Db, Tx } from '../db/types.js'
import { reasonOf } from '../errors.js'
import { settle } from '../jobs/ledger.js'
import { events as coreEvents } from '../tickets/tokens.js'
import type { Log } from './app.js'
import { checkDefinition, inOrder } from './check.js'
import type { Plugin } from './define.js'
import { PluginError } from './errors.js'
import { limitLog } from './flood.js'
import { Guard, type HandlerState } from './guard.js'
import { allInstalled, recordInstalled } from './lifecycle.js'
import { openMarks, takeDeaths } from './marks.js'
import { keepAbsent, recordListed } from './presence.js'
import {
  nothingYet,
  permissionsOf,
  propertiesOf,
  type Registered,
  registrarFor,
  type Shared,
} from './registrar.js'
import { runAs, whoRuns } from './running.js'
import { buildTables, checkTables, migratePlugin } from './tables.js'
import { startWatchdog } from './watchdog.js'

export interface HostDeps extends Omit<Shared, 'guard' | 'services' | 'events'> {
  log: Log & { child?(bindings: object): Log }
  /** Where the marks of running filters lie. */
  dataDir: string
  /** A monitor thread watches the event loop (not in tests). */
  watch: boolean
}

export interface Loaded {
  readonly plugin: Plugin
  readonly registered: Registered
}

export interface PluginHost {
  readonly all: readonly Loaded[]
  handlers(plugin?: string): HandlerState[]
  /** Puts a handler that was switched off on again. @returns false where there is no such handler. */
  switchOn(tx: Tx, plugin: string, handler: string): Promise<boolean>
  start(): Promise<void>
  stop(): Promise<void>
}

const REFRESH_MS = 5 * SECOND
/** For its setup, and for each `onStart`: the desk waits for it. */
const START_MS = 30 * SECOND

/** @throws PluginError, naming the plugin: then the desk does not start. */
export async function createPlugins(listed: readonly Plugin[], deps: HostDeps): Promise<PluginHost> {
  const { db, log, dataDir, settings, handlers } = deps
  for (const plugin of listed) checkDefinition(plugin, plugin?.name ?? '?')
  const plugins = inOrder(listed)
  const folder = path.join(dataDir, 'plugins')
  const marks = openMarks(folder)
  const guard = new Guard({ db, log, handlers, marks })
  const shared: Shared = {
    ...deps,
    guard,
    services: new Map(),
    events: new Map([...coreEvents, ...plugins.flatMap(({ events = [] }) => events)].map((e) => [e.name, e])),
  }
  if (plugins.length > 0) checkTables(plugins, await allInstalled(db))
  for (const plugin of plugins) describe(plugin, deps)
  await settings.load()
  const all: Loaded[] = []
  for (const plugin of plugins) all.push({ plugin, registered: await setUp(plugin, shared, log) })
  for (const { registered } of all) for (const subscribe of registered.everies) subscribe()
  if (plugins.length > 0) {
    await guard.bury(takeDeaths(folder))
    await guard.load()
  }

  const unpark = () =>
    db.transaction(async (tx) => {
      await settle(tx, handlers)
      tx.announce('jobs', tx.now)
    })
  let refresh: NodeJS.Timeout | undefined
  let watchdog: ReturnType<typeof startWatchdog> | undefined
  let started = false
  let restoreExit: (() => void) | undefined
  let present = () => {}
  return {
    all,
    handlers: (plugin) => guard.states(plugin),
    async switchOn(tx, plugin, handler) {
      const done = await guard.switchOn(tx, plugin, handler)
      if (!done) return false
      await settle(tx, handlers)
      tx.announce('jobs', tx.now)
      return true
    },
    async start() {
      present = keepAbsent(db, await welcomeBack(db, all), log)
      if (plugins.length === 0) return
      started = true
      restoreExit = keepAlive()
      if (deps.watch)
        watchdog = startWatchdog({
          log: (line) => log.warn({}, line),
          onBlocked: ({ plugin, handler, ms }) => {
            if (plugin && handler)
              guard.failed({ plugin, handler }, `it blocked the event loop for ${Math.round(ms)} ms`)
          },
        })
      refresh = setInterval(() => {
        // What another process has switched on gets back what was parked here since.
        const back = async () => (await guard.load()) && (await unpark())
        void back().catch(() => {})
      }, REFRESH_MS).unref()
      for (const { plugin, registered } of all)
        await starting(plugin.name, 'onStart', registered.starts, (run) => run())
    },
    async stop() {
      clearInterval(refresh)
      present()
      await watchdog?.stop()
      for (const { plugin, registered } of started ? all.toReversed() : [])
        for (const run of registered.stops)
          await runAs({ plugin: plugin.name, handler: 'onStop' }, () => within(5 * SECOND, run)).catch(
            (error: unknown) => log.warn({ plugin: plugin.name, err: error }, 'a plugin could not stop'),
          )
      restoreExit?.()
      marks.close()
    },
  }
}

/** Tells those that were off for a while. @returns the names of those that are off now. */
async function welcomeBack(db: Db, all: readonly Loaded[]): Promise<string[]> {
  return db.transaction(
    async (tx) => {
      const { back, off } = await recordListed(
        tx,
        all.map(({ plugin }) => plugin.name),
      )
      for (const { plugin, registered } of all) {
        const since = back.get(plugin.name)
        if (since)
          await starting(plugin.name, 'onReturn', registered.returns, (run) => run(tx as never, { since }))
      }
      return off
    },
    { unlimited: true },
  )
}

/** One after the other, each with its limit. @throws PluginError, naming the plugin. */
async function starting<Run>(
  plugin: string,
  handler: string,
  all: readonly Run[],
  call: (run: Run) => Promise<void>,
): Promise<void> {
  for (const run of all)
    await runAs({ plugin, handler }, () => within(START_MS, () => call(run))).catch((error: unknown) => {
      throw new PluginError('plugin_setup', plugin, `it could not start: ${reasonOf(error)}`, {
        cause: error,
      })
    })
}

/** What is data goes to the parts of the core that know it. */
function describe(plugin: Plugin, { settings, desk }: HostDeps): void {
  const { name, fields = {}, settings: schema, workflows = [], channels = [] } = plugin
  for (const workflow of workflows) desk.workflows.set(workflow.name, workflow)
  for (const channel of channels) desk.channels.add(channel.name)
  for (const key of propertiesOf(plugin)) {
    const property = (schema as TObject).properties[key] as TSchema & {
      description?: string
      default: unknown
      secret?: boolean
    }
    settings.add({
      key: `${name}.${key}`,
      description: property.description ?? '',
      schema: property,
      fallback: property.default,
      ...(property.secret && { secret: true }),
    })
  }
  for (const [key, field] of Object.entries(fields)) desk.fields.add(`${name}.${key}`, field)
}

async function setUp(plugin: Plugin, shared: Shared, log: HostDeps['log']): Promise<Registered> {
  const { name } = plugin
  const { db } = shared
  await migratePlugin(db, plugin)
  const registered = nothingYet()
  const own = limitLog(log.child?.({ plugin: name }) ?? log, {})
  const { app, seal } = registrarFor(plugin, buildTables(plugin, db.dialect.name), own, shared, registered)
  await db
    .transaction(
      async (tx) => {
        const first = await recordInstalled(tx, plugin, Object.values(permissionsOf(plugin)))
        if (first) await within(START_MS, () => plugin.install?.(tx as never, app as never))
      },
      // Another process may be installing it at this moment.
      { unlimited: true },
    )
    .catch((error: unknown) => {
      throw new PluginError('plugin_install', name, reasonOf(error), { cause: error })
    })
  try {
    await runAs({ plugin: name, handler: 'setup' }, () => within(START_MS, () => plugin.setup(app as never)))
  } catch (error) {
    throw new PluginError('plugin_setup', name, reasonOf(error), { cause: error })
  }
  seal()
  return registered
}

/** A plugin that calls process.exit() gets an error: whether this process ends is not its business. */
function keepAlive(): () => void {
  const exit = process.exit
  process.exit = ((code?: number) => {
    const who = whoRuns()
    if (who) throw new Error(`process.exit(${code ?? ''}) was called by ${who.handler}`)
    return exit(code)
  }) as typeof process.exit
  return () => {
    process.exit = exit
  }
}
