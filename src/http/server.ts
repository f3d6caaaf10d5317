// The Fastify server: limits, headers, errors, and every route in one explicit list.
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import type { HttpDeps, Routes } from './context.js'
import { useDashboard } from './dashboard/dashboard.js'
import { createLive, type Live } from './live/live.js'
import { useMetrics } from './metrics.js'
import { useOpenApi } from './openapi.js'
import { answerError, useProblems } from './problem.js'
import { routeAdder } from './route.js'
import { agentRoutes } from './routes/agents.js'
import { contactRoutes } from './routes/contacts.js'
import { fieldRoutes } from './routes/fields.js'
import { inboxRoutes } from './routes/inboxes.js'
import { liveRoutes } from './routes/live.js'
import { messageRoutes } from './routes/messages.js'
import { operationRoutes } from './routes/operations.js'
import { pluginRoutes } from './routes/plugins.js'
import { roleRoutes } from './routes/roles.js'
import { sessionRoutes } from './routes/session.js'
import { settingRoutes } from './routes/settings.js'
import { teamRoutes } from './routes/teams.js'
import { ticketChangeRoutes } from './routes/ticket-changes.js'
import { ticketRoutes } from './routes/tickets.js'
import { useSerialisation } from './serialisation.js'
import { useValidation } from './validation.js'

export const routes: readonly Routes[] = [
  sessionRoutes,
  ticketRoutes,
  ticketChangeRoutes,
  messageRoutes,
  liveRoutes,
  contactRoutes,
  inboxRoutes,
  teamRoutes,
  agentRoutes,
  roleRoutes,
  settingRoutes,
  operationRoutes,
  fieldRoutes,
  pluginRoutes,
]

export type Logger = NonNullable<FastifyServerOptions['loggerInstance']>

export interface RegisteredRoute {
  method: string
  url: string
  permission: string
}

export interface HttpServer {
  app: FastifyInstance
  /** Every route of the API with its permission. */
  routes: readonly RegisteredRoute[]
  live: Live
}

export async function createServer(
  deps: Omit<HttpDeps, 'live'>,
  { logger, version }: { logger: Logger | false; version: string },
): Promise<HttpServer> {
  const registered: RegisteredRoute[] = []
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    bodyLimit: 2 * 1024 * 1024,
    // A client that sends its request drop by drop is let go.
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 72_000,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    trustProxy: deps.config.proxies.length > 0 ? [...deps.config.proxies] : false,
    frameworkErrors: (error, request, reply) => void answerError(error, request as never, reply as never),
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 500 },
  }) as unknown as FastifyInstance
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api') && route.url !== '/metrics') return
    const permission = (route.config as { permission?: string } | undefined)?.permission
    if (!permission) throw new Error(`the route ${route.method} ${route.url} has no permission`)
    for (const method of [route.method].flat())
      if (method !== 'HEAD') registered.push({ method, url: route.url, permission })
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.removeContentTypeParser('text/plain')
  useValidation(app)
  useSerialisation(app)
  useProblems(app)
  await useOpenApi(app, { url: deps.config.url, version })
  const add = routeAdder(app, { db: deps.db, principals: deps.principals, secrets: deps.desk.secrets })
  const live = createLive({ db: deps.db, principals: deps.principals, log: app.log })
  // Before the server waits for its connections to end: these would never.
  app.addHook('preClose', live.stop)
  const all: HttpDeps = { ...deps, live }
  useMetrics(app, all)
  useDashboard(app, all)
  for (const declare of routes) declare(add, all)
  return { app, routes: registered, live }
}
