// A route of a plugin: who may use it, what goes in, what comes out.
import type { Static, TSchema } from 'typebox'
import type { Permission } from '../people/permissions.js'
import type { PluginTx } from './app.js'

/** Who asks. */
export interface Caller {
  readonly agentId: string
  readonly name: string
  readonly permissions: ReadonlySet<string>
  /** Null: every inbox. */
  readonly inboxIds: readonly string[] | null
  readonly teamIds: readonly string[]
}

export interface PluginCall<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** @throws DeskError `unauthenticated` on a public route. */
  readonly who: Caller
  /** Runs the one transaction of this request; a repeated Idempotency-Key gets its first answer again instead. */
  write<R>(work: (tx: PluginTx) => Promise<R>): Promise<R>
}

export interface PluginRoute<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Behind `/api/plugins/NAME`: `/rules/:id`. */
  url: string
  /** `public`: anybody. `any`: whoever has a valid token. */
  permission: Permission | 'public' | 'any'
  summary: string
  description?: string
  params?: Params
  query?: Query
  body?: Body
  /** Success status -> schema of the answer; `null`: no content. */
  response: { [status: number]: TSchema | null }
  /**
   * The answer is text of this type and not JSON: `text/csv; charset=utf-8`. The handler returns a string, or an
   * AsyncIterable of strings that is sent as it comes; `response` says `Type.String()`.
   */
  produces?: string
  /** With `produces`: a browser saves the answer under this name. */
  filename?: string | ((call: PluginCall<Static<Params>, Static<Query>, Static<Body>>) => string)
  handler(call: PluginCall<Static<Params>, Static<Query>, Static<Body>>): Promise<unknown>
}

/** What `produces` cannot be: it becomes a header, and JSON is written by its schema. */
export function problemOfAnswer({
  produces,
  filename,
}: Pick<PluginRoute<TSchema, TSchema, TSchema>, 'produces'> & { filename?: unknown }): string | undefined {
  if (produces === undefined)
    return filename === undefined ? undefined : 'has a `filename`, but `produces` nothing'
  if (!/^[a-z]+\/[\w.+-]+(; ?charset=utf-8)?$/i.test(produces))
    return `produces "${produces}", which is no type like "text/csv; charset=utf-8"`
  return /^application\/json\b/i.test(produces) ? 'produces JSON: leave `produces` out' : undefined
}
