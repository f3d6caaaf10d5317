// What a plugin is, as data: everything that must be known before any of its code runs, and the one function that
// registers its behaviour.
import type { Static, TObject, TSchema } from 'typebox'
import type { Channel } from '../channels/channel.js'
import type { Kit } from '../db/kit.js'
import type { Event } from '../hooks/tokens.js'
import type { FieldDefinition } from '../tickets/fields.js'
import type { Workflow } from '../tickets/workflow.js'
import type { PluginApp, PluginTx } from './app.js'
import type { Command } from './command.js'

/** Version of the plugin API that this frontdesk has. A plugin says in `api` which versions it can live with. */
export const API_VERSION = '1.1.0'

/** Tables as the column kit makes them; their names get the plugin's prefix. */
export type PluginTables = Record<string, object>

/** A web component for a slot of the agents' console. */
export interface Panel {
  /** Where it is shown. */
  slot: 'ticket' | 'contact' | 'home'
  title: string
  /** Name of the custom element, for instance `hotel-stay`. */
  element: string
  /** The module that defines it: a file of the plugin, served under `/api/plugins/NAME/panels/`. */
  module: URL
}

export interface PluginDefinition<
  N extends string = string,
  T extends PluginTables = PluginTables,
  S extends TObject = TObject,
  P extends Record<string, string> = Record<string, string>,
  F extends Record<string, FieldDefinition> = Record<string, FieldDefinition>,
> {
  /** Lower-case letters, digits and `-`; prefix of everything the plugin owns. */
  readonly name: N
  /** Its own version (semver). */
  readonly version: string
  /** Range of plugin API versions it works with, for instance `^1.0.0` (semver). */
  readonly api: string
  /** One sentence for administrators. */
  readonly description?: string
  /** Plugins that must be on, set up before this one: name -> range of versions. */
  readonly requires?: Readonly<Record<string, string>>
  /** Plugins that are set up before this one where they are on. */
  readonly after?: readonly string[]
  /** Tables of its own, written once for SQLite and PostgreSQL. Needs `migrations`. */
  readonly tables?: (c: Kit) => T
  /** Folder with `sqlite/NNNN_name.sql` and `postgres/NNNN_name.sql`. */
  readonly migrations?: URL
  /** An object schema; every property has a `default`. One with `secret: true` is sealed and never shown. */
  readonly settings?: S
  /** Permissions of its own: key -> what it allows. `manage` becomes `NAME:manage`. */
  readonly permissions?: P
  /** Typed ticket fields: `room` becomes `NAME.room`. */
  readonly fields?: F
  readonly workflows?: readonly Workflow<`${NoInfer<N>}.${string}`>[]
  readonly channels?: readonly Channel[]
  readonly panels?: readonly Panel[]
  /** Events that it publishes. */
  readonly events?: readonly Event<never, `${NoInfer<N>}.${string}`>[]
  /** Commands that need no desk: they run without a database, also where the plugin is not on. */
  readonly commands?: readonly Command[]
  /** Once, after the first migration, in one transaction. */
  install?(tx: PluginTx, app: PluginApp<N, T, S, P, F>): Promise<void>
  /** Registers its behaviour. Registering afterwards throws. */
  setup(app: PluginApp<N, T, S, P, F>): void | Promise<void>
}

/** A plugin with its types put aside: what the list of a desk holds. */
export type Plugin = Omit<PluginDefinition, 'tables' | 'install' | 'setup' | 'workflows' | 'events'> & {
  readonly tables?: (c: Kit) => PluginTables
  readonly workflows?: readonly Workflow[]
  readonly events?: readonly Event<never>[]
  install?(tx: PluginTx, app: never): Promise<void>
  setup(app: never): void | Promise<void>
}

/**
 * The default export of a plugin's module.
 *
 * @example
 * ```ts
 * export default definePlugin({
 *   name: 'greeter',
 *   version: '1.0.0',
 *   api: '^1.0.0',
 *   settings: Type.Object({ text: Type.String({ default: 'Welcome!' }) }),
 *   setup(app) {
 *     app.on(ticketCreated, 'greet', ({ ticketId }, job) =>
 *       app.db.transaction(async (tx) => {
 *         await app.desk.addNote(tx, ticketId, app.settings().text)
 *         await job.complete(tx)
 *       }),
 *     )
 *   },
 * })
 * ```
 */
export function definePlugin<
  const N extends string,
  T extends PluginTables = Record<never, never>,
  S extends TObject = TObject<Record<never, TSchema>>,
  const P extends Record<string, string> = Record<never, never>,
  const F extends Record<string, FieldDefinition> = Record<never, never>,
>(definition: PluginDefinition<N, T, S, P, F>): Plugin & { readonly name: N } {
  return definition as unknown as Plugin & { readonly name: N }
}

export type SettingsOf<S extends TObject> = Static<S>
