// A stored timer as a report shows it.
import type { TimerRow } from '../ticket/queries.js'
import type { Names } from './names.js'

export const shownTimer = (row: TimerRow, names: Names) => ({
  ticketId: row.ticketId,
  number: row.number,
  metric: row.metric,
  cycle: row.cycle,
  outcome: row.outcome,
  countedAt: row.countedAt.toISOString(),
  state: row.state,
  policy: names.of('policy', row.policyId),
  policyId: row.policyId,
  team: names.of('team', row.teamId),
  teamId: row.teamId,
  agent: names.of('agent', row.agentId),
  agentId: row.agentId,
  inbox: names.of('inbox', row.inboxId),
  inboxId: row.inboxId,
  channel: row.channel,
  startedAt: row.startedAt.toISOString(),
  dueAt: row.dueAt?.toISOString() ?? null,
  stoppedAt: row.stoppedAt?.toISOString() ?? null,
  breachedAt: row.breachedAt?.toISOString() ?? null,
  targetMs: row.targetMs,
  consumedMs: row.consumedMs,
  wallMs: row.stoppedAt ? row.stoppedAt.getTime() - row.startedAt.getTime() : null,
})

export type ShownTimer = ReturnType<typeof shownTimer>
