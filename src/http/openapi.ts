// The OpenAPI 3.1 document and the page to browse it. Both are made from the routes themselves.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { components } from './schemas.js'

export async function useOpenApi(
  app: FastifyInstance,
  { url, version }: { url: string; version: string },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'frontdesk',
        version,
        description:
          'Tickets from e-mail. Send `Authorization: Bearer fd_…`. Lists answer `{items, nextCursor}`. Errors are `application/problem+json` with a stable `code`. Every POST takes an `Idempotency-Key`.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    // Without it components are called def-0, def-1, …
    refResolver: { buildLocalReference: (json, _uri, _fragment, i) => String(json.$id ?? `def-${i}`) },
  })
  for (const component of components) app.addSchema(component)
  app.get('/api/openapi.json', { schema: { hide: true }, config: { permission: 'public' } }, async () =>
    app.swagger(),
  )
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { persistAuthorization: false },
  })
}
