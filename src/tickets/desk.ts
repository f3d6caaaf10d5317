// What the commands of this layer need besides a transaction, and who acts.
import type { Hooks } from '../hooks/hooks.js'
import type { Secrets } from '../settings/secrets.js'
import type { Settings } from '../settings/settings.js'
import type { Fields } from './fields.js'
import type { Workflow } from './workflow.js'

export interface Desk {
  readonly hooks: Hooks
  readonly settings: Settings
  readonly secrets: Secrets
  readonly fields: Fields
  /** Workflows of plugins, by full name. */
  readonly workflows: Map<string, Workflow>
  /** Names of the channels by which tickets come: those of the core, and those that plugins bring. */
  readonly channels: Set<string>
}

export interface Actor {
  readonly kind: 'agent' | 'contact' | 'system'
  readonly id: string | null
}

export const system: Actor = { kind: 'system', id: null }
