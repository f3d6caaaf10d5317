// What a step does. In the transaction that notes the step: it is done once, or the step comes again.
import { DeskError, type PluginTx, type TicketChangesInput, type TicketView } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Timer } from '../engine/timer.js'
import type { Action, Step } from '../policy/target.js'
import { actionsOf } from './service.js'
import { tell } from './tell.js'

export interface Occasion {
  readonly ticket: TicketView
  readonly timer: Timer
  readonly step: Step
  /** When it was due, in milliseconds. */
  readonly at: number
}

/** What the desk refuses (an agent who has left, a tag that is too long) is shown to administrators, and goes on. */
export async function act(app: App, tx: PluginTx, occasion: Occasion, action: Action): Promise<void> {
  try {
    await run(app, tx, occasion, action)
  } catch (error) {
    if (!(error instanceof DeskError)) throw error
    const { ticket, step } = occasion
    const text = `Ticket #${ticket.number}: the action "${action.do}" of the step "${step.name}" was refused: ${error.message}`
    await app.notify(tx, { key: `action:${step.name}`, level: 'warning', text })
  }
}

async function run(app: App, tx: PluginTx, occasion: Occasion, action: Action): Promise<void> {
  const { ticket } = occasion
  const change = (changes: TicketChangesInput) => app.desk.updateTicket(tx, ticket.id, changes)
  switch (action.do) {
    case 'notify':
      return tell(app, tx, occasion, action)
    case 'assign':
      return change({ assigneeId: action.agentId })
    case 'team':
      return change({ teamId: action.teamId })
    case 'priority':
      return change({ priority: action.to === 'up' ? above(ticket.priority) : action.to })
    case 'tag': {
      // Another action may have added one meanwhile.
      const { tags } = (await app.desk.ticket(tx, ticket.id)) ?? ticket
      return change({ tags: [...tags, action.tag] })
    }
    case 'action': {
      const found = actionsOf(app).get(action.name)
      if (found) return found(tx, { ticketId: ticket.id, data: action.data })
      const text = `The action "${action.name}" of a policy is not there: is its plugin on?`
      return app.notify(tx, { key: `action:${action.name}`, level: 'warning', text })
    }
  }
}

const ladder = ['low', 'normal', 'high', 'urgent'] as const
const above = (priority: TicketView['priority']) =>
  ladder[Math.min(ladder.indexOf(priority) + 1, ladder.length - 1)]!
