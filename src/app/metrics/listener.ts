// A port of its own for /metrics and health, in any role: a worker has no web server that could be asked.
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { Config } from '../../config.js'
import type { Health, Metrics } from '../../http/context.js'
import { addressError } from '../address.js'

export interface MetricsListener {
  port: number
  close(): Promise<void>
}

export async function listenForMetrics(
  { port, host, token }: NonNullable<Config['metrics']>,
  metrics: Metrics,
  health: Health,
): Promise<MetricsListener> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response
        .writeHead(status, {
          'content-type': type,
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          ...(status === 401 && { 'www-authenticate': 'Bearer' }),
        })
        .end(request.method === 'HEAD' ? undefined : body)
    const path = request.url?.split('?')[0] ?? ''
    if (!PATHS.includes(path)) return answer(404, 'not found\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'only GET\n')
    // The health check of a container asks from inside, and has no token.
    const free = token === null || (path !== '/metrics' && isInside(request))
    if (!free && !isRight(request, token)) return answer(401, 'the token is missing or wrong\n')
    try {
      if (path === '/health/live') return answer(200, '{"ok":true}', JSON_TYPE)
      if (path === '/health/ready') {
        const { ok, checks } = await health.ready()
        return answer(ok ? 200 : 503, JSON.stringify({ ok, checks }), JSON_TYPE)
      }
      const { type, body } = await metrics.text()
      answer(200, body, type)
    } catch {
      answer(500, 'it could not be read\n')
    }
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(addressError(error, 'METRICS_HOST and METRICS_PORT', { host, port })),
    )
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const PATHS = ['/metrics', '/health/live', '/health/ready']
const JSON_TYPE = 'application/json; charset=utf-8'

const isInside = ({ socket }: IncomingMessage) => /^(::1$|(::ffff:)?127\.)/.test(socket.remoteAddress ?? '')

const digest = (text: string) => createHash('sha256').update(text).digest()

function isRight(request: IncomingMessage, token: string) {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}
