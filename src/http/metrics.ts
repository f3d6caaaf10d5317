// GET /metrics on the web port, and the time that every request took. The address itself never becomes a label.
import type { FastifyInstance } from 'fastify'
import { fail } from '../errors.js'
import { permissions } from '../people/permissions.js'
import type { HttpDeps } from './context.js'
import { authenticate } from './route.js'

export function useMetrics(app: FastifyInstance, { metrics, principals }: HttpDeps): void {
  app.addHook('onResponse', async (request, reply) => {
    // Unknown addresses share one label: whoever tries them could make as many series as they like.
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown')
    metrics.request(request.method, route, reply.statusCode, reply.elapsedTime / 1000)
  })
  const permission = permissions.operationsRead.name
  app.get(
    '/metrics',
    {
      config: { permission },
      schema: {
        tags: ['Operations'],
        summary: 'What Prometheus reads: the text format',
        description: `Permission: \`${permission}\`.`,
        response: {
          200: {
            description: 'Metrics of this process and of the desk',
            content: { 'text/plain': { schema: { type: 'string' } } },
          },
        },
      },
      async onRequest(request) {
        const who = await authenticate(principals, request)
        if (!who.permissions.has(permission))
          throw fail('forbidden', `This needs the permission "${permission}".`)
      },
    },
    async (_request, reply) => {
      const { type, body } = await metrics.text()
      return reply.type(type).send(body)
    },
  )
}
