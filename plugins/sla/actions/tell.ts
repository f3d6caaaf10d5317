// Tells agents of a timer: in their list of notices always, by mail at once or with the next digest.
import { newId, type PluginTx, type TicketView } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Timer } from '../engine/timer.js'
import type { Action } from '../policy/target.js'
import { nameOf } from '../ticket/words.js'
import type { Occasion } from './act.js'

type Notify = Extract<Action, { do: 'notify' }>

export async function tell(
  app: App,
  tx: PluginTx,
  { ticket, timer, step }: Occasion,
  { who, how = 'now' }: Notify,
): Promise<void> {
  const text = textOf(ticket, timer)
  for (const agentId of await recipients(app, tx, ticket, who)) {
    const id = newId()
    await tx.insert(app.tables.notices).values({
      id,
      agentId,
      ticketId: ticket.id,
      number: ticket.number,
      metric: timer.metric,
      cycle: timer.cycle,
      text,
      at: tx.now,
      mailedAt: how === 'digest' ? null : tx.now,
    })
    if (how === 'now')
      await app.desk.mailAgent(tx, {
        agentId,
        subject: `[#${ticket.number}] ${step.name}: ${ticket.subject}`,
        text,
        key: id,
      })
  }
}

async function recipients(app: App, tx: PluginTx, ticket: TicketView, who: Notify['who']): Promise<string[]> {
  if (typeof who === 'object' && 'agentId' in who) return [who.agentId]
  if (who === 'assignee' && ticket.assigneeId !== null) return [ticket.assigneeId]
  const teamId = typeof who === 'object' ? who.teamId : ticket.teamId
  const team = teamId === null ? undefined : await app.desk.team(tx, teamId)
  return [...(team?.agentIds ?? [])]
}

function textOf(ticket: TicketView, { metric, dueAt, state }: Timer): string {
  const when = dueAt === null ? '' : ` ${new Date(dueAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const verb = state === 'breached' ? 'was due' : 'is due'
  return `Ticket #${ticket.number} (${ticket.subject}): the ${nameOf[metric]} ${verb}${when}.`
}
