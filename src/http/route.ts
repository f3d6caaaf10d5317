// One way to declare a route: who may use it, what goes in, what comes out. A route without a permission does not
// start; a POST that writes is idempotent by construction.
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { Static, TSchema } from 'typebox'
import Type from 'typebox'
import type { Db, Tx } from '../db/types.js'
import { fail } from '../errors.js'
import type { Permission } from '../people/permissions.js'
import type { Principal, Principals } from '../people/principal.js'
import type { Secrets } from '../settings/secrets.js'
import { type Answer, createIdempotency, type Idempotency } from './idempotency.js'

export interface Call<P, Q, B> {
  readonly params: P
  readonly query: Q
  readonly body: B
  /** Throws `unauthenticated` on public routes. */
  readonly who: Principal
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Runs the one transaction of this request; a repeated Idempotency-Key replays its answer instead. */
  write<T>(work: (tx: Tx) => Promise<T>, status?: number): Promise<T>
}

export interface RouteDefinition<P extends TSchema, Q extends TSchema, B extends TSchema> {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  url: string
  /** `public`: anybody. `any`: whoever has a valid token. */
  permission: Permission | 'public' | 'any'
  tag: string
  summary: string
  description?: string
  params?: P
  query?: Q
  body?: B
  consumes?: string[]
  /** Success status -> schema; `null`: no content. */
  response: { [status: number]: TSchema | null }
  bodyLimit?: number
  /** The answer is no JSON, but a string or stream of this type. */
  produces?: string
  /** The answer is a stream without an end: HEAD, which would read it, is left out. */
  endless?: boolean
  /** Another way to say who is asking, tried before the token; undefined: it was not used. */
  authenticate?(request: FastifyRequest): Promise<Principal | undefined>
  handler(call: Call<Static<P>, Static<Q>, Static<B>>): Promise<unknown>
}

export interface RouteDeps {
  db: Db
  principals: Principals
  secrets: Secrets
}

export type AddRoute = <P extends TSchema, Q extends TSchema, B extends TSchema>(
  definition: RouteDefinition<P, Q, B>,
) => void

const idempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[\\x21-\\x7e]+$',
      description:
        'Any unique text, for instance a UUID. Kept 24 h: the same key gets the same answer again.',
    }),
  ),
})

export function routeAdder(app: FastifyInstance, { db, principals, secrets }: RouteDeps): AddRoute {
  const idempotency = createIdempotency(db, secrets)
  return (definition) => {
    const { method, url, permission, handler } = definition
    const [success] = Object.keys(definition.response).map(Number)
    app.route({
      method: method as HTTPMethods,
      url: `/api${url}`,
      schema: schemaOf(definition),
      config: { permission: typeof permission === 'string' ? permission : permission.name },
      ...((definition.endless || definition.produces) && { exposeHeadRoute: false }),
      ...(definition.bodyLimit && { bodyLimit: definition.bodyLimit }),
      async onRequest(request) {
        if (permission === 'public') return
        const who = (await definition.authenticate?.(request)) ?? (await authenticate(principals, request))
        if (permission !== 'any' && !who.permissions.has(permission.name))
          throw fail('forbidden', `This needs the permission "${permission.name}".`)
        principalOf.set(request, who)
      },
      async handler(request, reply) {
        const write = writer(db, idempotency, request, reply, success ?? 200)
        const body = await handler({
          params: request.params as never,
          query: request.query as never,
          body: request.body as never,
          get who() {
            return whoOf(request)
          },
          request,
          reply,
          write,
        })
        // A reply can be waited for: who answers a stream comes back here when it has ended, or was cut off.
        if (reply.sent || reply.raw.headersSent) return reply
        if (reply.statusCode === 200) reply.code(success ?? 200)
        return reply.send(body ?? null)
      },
    })
  }
}

// Beside the request instead of on it: no declaration merging, and nothing a route could overwrite.
const principalOf = new WeakMap<FastifyRequest, Principal>()

export function whoOf(request: FastifyRequest): Principal {
  const who = principalOf.get(request)
  if (!who) throw fail('unauthenticated')
  return who
}

export async function authenticate(principals: Principals, request: FastifyRequest): Promise<Principal> {
  const header = request.headers.authorization
  const token = typeof header === 'string' ? /^Bearer (fd_[\w-]{20,100})$/i.exec(header)?.[1] : undefined
  const who = token ? await principals.resolve(token) : null
  if (!who) throw fail('unauthenticated')
  return who
}

function writer(
  db: Db,
  idempotency: Idempotency,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
) {
  return async <T>(work: (tx: Tx) => Promise<T>, success = status): Promise<T> => {
    const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined
    if (typeof key !== 'string') return db.transaction(work)
    const owner = principalOf.get(request)?.agentId ?? 'public'
    const keyed = { owner, key, method: request.method, url: request.url, body: request.body }
    const answer = await idempotency.run(
      keyed,
      async (tx): Promise<Answer> => ({ status: success, body: await work(tx) }),
    )
    if (answer.replayed) reply.header('idempotency-replayed', 'true')
    reply.code(answer.status)
    return answer.body as T
  }
}

function schemaOf(definition: RouteDefinition<TSchema, TSchema, TSchema>) {
  const { method, permission, tag, summary, description, params, query, body, response, consumes, produces } =
    definition
  const needs =
    permission === 'public'
      ? 'No token needed.'
      : permission === 'any'
        ? 'Any valid token.'
        : `Permission: \`${permission.name}\`.`
  const problems = { 400: 'Bad request', 401: 'No valid token', 403: 'Not allowed', 404: 'Not found' }
  const withBody = method !== 'GET' && { 409: 'Conflict', 422: 'Not possible' }
  return {
    tags: [tag],
    summary,
    description: description ? `${description} ${needs}` : needs,
    ...(permission === 'public' && { security: [] }),
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(body && { body }),
    ...(consumes && { consumes }),
    ...(method === 'POST' && { headers: idempotencyHeader }),
    response: {
      ...Object.fromEntries(
        Object.entries(response).map(([status, schema]) => [status, shown(schema, produces)]),
      ),
      ...Object.fromEntries(
        Object.entries({ ...problems, ...withBody }).map(([status, text]) => [
          status,
          { description: text, content: { 'application/problem+json': { schema: Type.Ref('Problem#') } } },
        ]),
      ),
    },
  }
}

function shown(schema: TSchema | null, produces: string | undefined) {
  if (schema === null) return Type.Null({ description: 'No content' })
  if (produces === undefined) return schema
  const { description = 'Text' } = schema as { description?: string }
  return { description, content: { [produces]: { schema } } }
}
