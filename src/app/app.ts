// The composition root: the only file that knows every part.
import path from 'node:path'
import { openBlobs } from '../blobs/blobs.js'
import type { Channel } from '../channels/channel.js'
import { emailChannel } from '../channels/email/channel.js'
import { createTransports } from '../channels/email/transports.js'
import { type Clock, systemClock } from '../clock.js'
import type { Config } from '../config.js'
import type { Db } from '../db/types.js'
import { Hooks } from '../hooks/hooks.js'
import { createServer, type HttpServer, type Logger } from '../http/server.js'
import { createNormaliser, type Normaliser } from '../intake/mime/pool.js'
import { intakeHandler, type ProcessDeps } from '../intake/process.js'
import { openSpool } from '../intake/spool.js'
import { createSpooler } from '../intake/spooler.js'
import type { Engine } from '../jobs/engine.js'
import { JobHandlers } from '../jobs/types.js'
import { agentMailHandler } from '../outbound/agent-mail.js'
import { deliverHandler } from '../outbound/deliver.js'
import { permissions } from '../people/permissions.js'
import { createPrincipals } from '../people/principal.js'
import type { Plugin } from '../plugin/define.js'
import { createPlugins, type PluginHost } from '../plugin/host.js'
import { loadPlugins } from '../plugin/load.js'
import { permissionsOf } from '../plugin/registrar.js'
import { coreSettings } from '../settings/core.js'
import { createSecrets, loadSecret } from '../settings/secrets.js'
import { Settings } from '../settings/settings.js'
import { coreChannels } from '../tickets/channels.js'
import type { Desk } from '../tickets/desk.js'
import { Fields } from '../tickets/fields.js'
import { isPostgres, openDatabase } from './database.js'
import { createEngine } from './engine.js'
import { createHealth } from './health.js'
import { housekeepingHandler } from './housekeeping.js'
import { listenForMetrics, type MetricsListener } from './metrics/listener.js'
import { createMetrics } from './metrics/metrics.js'
import { ROOT, VERSION } from './root.js'
import { checkSecret } from './secret.js'

export interface AppOptions {
  config: Config
  log: Logger
  clock?: Clock
  /** A database that is open already (tests). */
  db?: Db
  /** Parses mail in this thread instead of workers of its own (tests). */
  normaliser?: Normaliser
  /** Instead of those that the configuration names (tests). */
  plugins?: readonly Plugin[]
  /** Whether a thread watches the event loop and names the plugin that blocks it. */
  watch?: boolean
}

export interface App {
  readonly config: Config
  readonly db: Db
  readonly desk: Desk
  readonly hooks: Hooks
  readonly handlers: JobHandlers
  readonly settings: Settings
  readonly engine: Engine
  readonly spool: Awaited<ReturnType<typeof openSpool>>
  readonly spooler: ReturnType<typeof createSpooler>
  readonly channels: ReadonlyMap<string, Channel>
  readonly http: HttpServer
  readonly clock: Clock
  readonly intakeDeps: ProcessDeps
  readonly plugins: PluginHost
  /** Starts what the roles say; resolves with the address when it listens. */
  start(): Promise<string | null>
  stop(): Promise<void>
}

export async function createApp({
  config,
  log,
  clock = systemClock,
  db: given,
  normaliser = createNormaliser({ workers: 2 }),
  plugins: givenPlugins,
  watch = false,
}: AppOptions): Promise<App> {
  const listed = givenPlugins ?? (await loadPlugins(config.plugins, ROOT, process.cwd()))
  const db = given ?? (await openDatabase(config, clock, log))

  const secrets = createSecrets(loadSecret(config.secret, config.dataDir))
  await checkSecret(db, secrets, config, log)
  const settings = new Settings(db, coreSettings as never, secrets)
  await settings.start()
  const handlers = new JobHandlers()
  const hooks = new Hooks(handlers)
  const desk: Desk = {
    ...{ hooks, settings, secrets, fields: new Fields(), workflows: new Map() },
    channels: new Set(coreChannels),
  }
  const blobs = await openBlobs(config.blobs)
  const spool = await openSpool(config.dataDir)
  const email = emailChannel({
    transports: createTransports(config.smtpUrl, secrets.open),
    outboxFolder: path.join(config.dataDir, 'outbox'),
    hasDefaultServer: config.smtpUrl !== null,
  })
  const channels = new Map([email].map((channel) => [channel.name, channel]))
  const intake = { db, desk, blobs, normaliser }

  handlers.add(intakeHandler(intake))
  const onSend = (...sent: Parameters<typeof metrics.send>) => metrics.send(...sent)
  handlers.add(deliverHandler({ db, desk, blobs, channels, onSend }))
  handlers.add(agentMailHandler({ db, desk, channels, onSend }))
  handlers.add(housekeepingHandler({ db, spool }))

  const plugins = await createPlugins(listed, {
    ...{ db, desk, clock, hooks, handlers, settings, log, dataDir: config.dataDir, watch },
  })
  for (const { plugin } of plugins.all)
    for (const channel of plugin.channels ?? []) channels.set(channel.name, channel)

  const works = config.roles.includes('worker')
  const engine = await createEngine(config, {
    ...{ db, clock, handlers, log, sole: works && !isPostgres(config) },
    onOutcome: (...outcome) => metrics.job(...outcome),
  })
  const health = createHealth({
    ...{ db, blobs, clock, dataDir: config.dataDir, working: works, engine, plugins },
  })
  const metrics = createMetrics({
    ...{ db, clock, handlers, spool, health, version: VERSION, roles: config.roles },
  })
  const spooler = createSpooler({ db, blobs, spool, log })
  const http = await createServer(
    {
      config,
      clock,
      db,
      blobs,
      desk,
      settings,
      principals: createPrincipals(db, clock),
      intake,
      health,
      metrics,
      jobKinds: () => handlers.all().map(({ type }) => type.name),
      dashboardQueues: engine.dashboardQueues && (() => engine.dashboardQueues?.() ?? []),
      permissions: [
        ...Object.values(permissions),
        ...plugins.all.flatMap(({ plugin }) => Object.values(permissionsOf(plugin))),
      ],
      plugins,
    },
    { logger: log, version: VERSION },
  )

  let metricsListener: MetricsListener | undefined

  return {
    config,
    db,
    desk,
    hooks,
    handlers,
    settings,
    engine,
    spool,
    spooler,
    channels,
    http,
    clock,
    intakeDeps: intake,
    plugins,
    async start() {
      await plugins.start()
      if (config.metrics) metricsListener = await listenForMetrics(config.metrics, metrics, health)
      if (works) await engine.start()
      if (config.roles.includes('intake')) spooler.start()
      const url = config.roles.includes('web')
        ? await http.app.listen({ host: config.host, port: config.port })
        : null
      if (works) normaliser.warm()
      return url
    },
    async stop() {
      await spooler.stop()
      await metricsListener?.close()
      await http.app.close()
      await engine.stop()
      await plugins.stop()
      settings.stop()
      await normaliser.close()
      for (const channel of channels.values()) await channel.close()
      blobs.close()
      await db.close()
    },
  }
}
