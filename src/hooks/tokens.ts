// Typed tokens of the first two mechanisms: filters (before the commit) and events (after it). Names: filters are
// imperatives, events past participles.
import type { Static, TSchema } from 'typebox'

export interface Filter<Value, Context> {
  readonly kind: 'filter'
  readonly name: string
  /** A replacement that a filter returns is checked against it. */
  readonly schema?: TSchema
  /** Never set: carries the types. */
  readonly types?: (value: Value, context: Context) => void
}

export interface Event<Payload, Name extends string = string> {
  readonly kind: 'event'
  readonly name: Name
  /** What goes with it, for documents and receivers outside. */
  readonly schema?: TSchema
  readonly types?: (payload: Payload) => void
}

export const defineFilter = <Value, Context = unknown>(
  name: string,
  schema?: TSchema,
): Filter<Value, Context> => ({
  kind: 'filter',
  name,
  ...(schema && { schema }),
})

export const defineEvent = <Payload>(name: string): Event<Payload> => ({ kind: 'event', name })

/**
 * An event of a plugin.
 * @param name with the prefix of the plugin: `hotel.roomReady`. Past participles read best.
 *
 * @example
 * ```ts
 * export const roomCleaned = defineEvent('hotel.roomCleaned', Type.Object({ room: Type.String() }))
 *
 * export default definePlugin({
 *   name: 'hotel',
 *   version: '1.0.0',
 *   api: '^1.0.0',
 *   events: [roomCleaned],
 *   setup(app) {
 *     app.onStart(() => app.db.transaction((tx) => app.emit(tx, roomCleaned, { room: '12' })))
 *   },
 * })
 * ```
 */
export const definePluginEvent = <const Name extends `${string}.${string}`, Payload extends TSchema>(
  name: Name,
  payload: Payload,
): Event<Static<Payload>, Name> => ({ kind: 'event', name, schema: payload })
