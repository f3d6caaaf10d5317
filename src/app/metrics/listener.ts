// A port of its own for /metrics, in any role: a worker has no web server that could be scraped.
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { Config } from '../../config.js'
import type { Metrics } from '../../http/context.js'

export interface MetricsListener {
  port: number
  close(): Promise<void>
}

export async function listenForMetrics(
  { port, host, token }: NonNullable<Config['metrics']>,
  metrics: Metrics,
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
    if (request.url?.split('?')[0] !== '/metrics') return answer(404, 'not found\n')
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'only GET\n')
    if (token !== null && !isRight(request, token)) return answer(401, 'the token is missing or wrong\n')
    try {
      const { type, body } = await metrics.text()
      answer(200, body, type)
    } catch {
      answer(500, 'the metrics could not be read\n')
    }
  })
  server.requestTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
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

const digest = (text: string) => createHash('sha256').update(text).digest()

function isRight(request: IncomingMessage, token: string) {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}
