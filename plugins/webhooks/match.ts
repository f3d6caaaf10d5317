// Who gets an event, and what is said about it.
import type { TicketView } from 'frontdesk/plugin'
import type { Endpoint } from './tables.js'

/** Longer payloads are cut: a plugin may put anything into an event. */
const MOST_DATA = 64 * 1024
const MOST_TEXT = 1000

export const wants = ({ events }: Endpoint, event: string): boolean =>
  events.includes('*') || events.includes(event)

const lets = (filter: readonly string[], values: readonly (string | null)[]): boolean =>
  filter.length === 0 || values.some((value) => value !== null && filter.includes(value))

/** An endpoint with a filter gets nothing that belongs to no ticket. */
export function fits(endpoint: Endpoint, ticket: TicketView | undefined): boolean {
  const { inboxIds, teamIds, tags, statuses } = endpoint
  if (!ticket) return [inboxIds, teamIds, tags, statuses].every((filter) => filter.length === 0)
  return (
    lets(inboxIds, [ticket.inboxId]) &&
    lets(teamIds, [ticket.teamId]) &&
    lets(tags, ticket.tags) &&
    lets(statuses, [ticket.status])
  )
}

export const ticketIdOf = (payload: unknown): string | undefined => {
  const id = (payload as { ticketId?: unknown } | null)?.ticketId
  return typeof id === 'string' ? id : undefined
}

export const summary = (ticket: TicketView) => ({
  id: ticket.id,
  number: ticket.number,
  subject: ticket.subject.slice(0, MOST_TEXT).toWellFormed(),
  status: ticket.status,
  priority: ticket.priority,
  channel: ticket.channel,
  inboxId: ticket.inboxId,
  teamId: ticket.teamId,
  assigneeId: ticket.assigneeId,
  requesterId: ticket.requesterId,
  tags: ticket.tags.slice(0, 100),
  createdAt: ticket.createdAt,
  updatedAt: ticket.updatedAt,
})

export interface Happening {
  id: string
  event: string
  at: Date
  payload: unknown
  ticket: TicketView | undefined
}

export function bodyOf({ id, event, at, payload, ticket }: Happening): string {
  const isLong = JSON.stringify(payload ?? null).length > MOST_DATA
  return JSON.stringify({
    id,
    type: event,
    createdAt: at,
    data: (isLong ? shortened(payload) : payload) ?? null,
    ...(isLong && { shortened: true }),
    ticket: ticket ? summary(ticket) : null,
  })
}

/** Of an object what is short and plain: ids mostly. With them a receiver asks for the rest. */
function shortened(payload: unknown): Record<string, unknown> {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return {}
  const plain = Object.entries(payload).filter(([, value]) =>
    typeof value === 'string' ? value.length <= 100 : value === null || typeof value !== 'object',
  )
  return Object.fromEntries(plain.slice(0, 50))
}
