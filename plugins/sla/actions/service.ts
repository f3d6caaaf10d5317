// Actions of other plugins, that a step of a policy can name.
import { defineService, type PluginTx } from 'frontdesk/plugin'
import type { App } from '../app.js'

export type PluginAction = (tx: PluginTx, call: { ticketId: string; data: unknown }) => Promise<void>

export interface SlaActions {
  /** @param name begins with the name of the plugin: `complaints.escalate`. Runs in the transaction of the step. */
  add(name: string, run: PluginAction): void
}

/** `app.find(slaActions)?.add('complaints.escalate', async (tx, { ticketId }) => …)`. */
export const slaActions = defineService<SlaActions>()('sla.actions')

const all = new WeakMap<object, Map<string, PluginAction>>()

export function provideActions(app: App): void {
  const actions = new Map<string, PluginAction>()
  all.set(app, actions)
  app.provide(slaActions, {
    add(name, run) {
      if (actions.has(name)) throw new Error(`the action "${name}" is there already`)
      actions.set(name, run)
    },
  })
}

export const actionsOf = (app: App): ReadonlyMap<string, PluginAction> => all.get(app) ?? new Map()
