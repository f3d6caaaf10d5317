// What the parts of the plugin share.
import type { Job, PluginApp } from 'frontdesk/plugin'
import type { Send } from './send.js'
import type { permissions, settings } from './settings.js'
import type { Tables } from './tables.js'

export type App = PluginApp<
  'webhooks',
  Tables,
  typeof settings,
  typeof permissions,
  // biome-ignore lint/complexity/noBannedTypes: it has no ticket fields
  {}
>

export interface Context {
  app: App
  send: Send
  jobs: {
    deliver: Job<DeliverData>
    release: Job<{ endpointId: string }>
    replay: Job<ReplayData>
    forget: Job<{ endpointId: string }>
  }
}

export interface DeliverData {
  deliveryId: string
}

export interface ReplayData {
  endpointId: string
  /** Milliseconds since 1970, like all instants here. */
  from: number
  to: number
  failedOnly: boolean
  /** Only of these; null: of all. */
  inboxIds: readonly string[] | null
  /** Deliveries that began later were sent again by this job, or by somebody else: not once more. */
  askedAt: number
  /** Where the next batch begins. */
  after?: Position
}

/** A place in a list that is ordered by time and id. */
export type Position = readonly [createdAt: number, id: string]

/** The event of a test: sent also to an endpoint that is off, tried once, and never a reason to pause. */
export const PING = 'webhooks.ping'
