// The steps that are due: noted once each, then done.
import type { PluginTx } from 'frontdesk/plugin'
import { act } from '../actions/act.js'
import type { App } from '../app.js'
import { stepReached } from '../events.js'
import type { Planned } from './plan.js'

export async function fire(
  app: App,
  tx: PluginTx,
  { known, current, timers, ahead }: Planned,
): Promise<void> {
  for (const [i, { due }] of ahead.entries()) {
    const { timer } = timers[i]!
    const { metric, cycle, deadline } = timer
    for (const { step, at, over } of due) {
      const { ticketId } = known.row
      const row = { ticketId, metric, cycle, deadline, step: step.name, at: new Date(at), firedAt: tx.now }
      const noted = await tx.insert(app.tables.steps).values(row).onConflictDoNothing().returning()
      if (noted.length === 0 || over) continue
      await app.emit(tx, stepReached, {
        ticketId,
        metric,
        cycle,
        policyId: current?.policyId ?? null,
        step: step.name,
        at: new Date(at).toISOString(),
        dueAt: timer.dueAt === null ? null : new Date(timer.dueAt).toISOString(),
      })
      for (const action of step.actions) await act(app, tx, { ticket: known.ticket, timer, step, at }, action)
    }
  }
}
