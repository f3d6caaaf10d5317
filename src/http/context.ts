// What the routes are built from.
import type { Blobs } from '../blobs/blobs.js'
import type { Clock } from '../clock.js'
import type { Config } from '../config.js'
import type { Db } from '../db/types.js'
import type { ProcessDeps } from '../intake/process.js'
import type { Permission } from '../people/permissions.js'
import type { Principals } from '../people/principal.js'
import type { PluginHost } from '../plugin/host.js'
import type { Settings } from '../settings/settings.js'
import type { Desk } from '../tickets/desk.js'
import type { Live } from './live/live.js'
import type { AddRoute } from './route.js'

export interface Health {
  ready(): Promise<{ ok: boolean; checks: Record<string, { ok: boolean; detail: string }> }>
}

export interface Metrics {
  request(method: string, route: string, status: number, seconds: number): void
  text(): Promise<{ type: string; body: string }>
}

export interface HttpDeps {
  config: Config
  clock: Clock
  db: Db
  blobs: Blobs
  desk: Desk
  settings: Settings
  principals: Principals
  intake: ProcessDeps
  health: Health
  metrics: Metrics
  /** Names of the jobs that this process knows. */
  jobKinds(): readonly string[]
  /** The queues of BullMQ, where that is the engine. */
  dashboardQueues?: (() => readonly unknown[]) | undefined
  /** Every permission there is, of the core and of plugins. */
  permissions: readonly Permission[]
  plugins: PluginHost
  live: Live
}

export type Routes = (add: AddRoute, deps: HttpDeps) => void
