// Changes of a ticket's own fields, under its version.
import { and, eq } from 'drizzle-orm'
import type { Priority, Status } from '../db/tables/tickets.js'
import type { Tx } from '../db/types.js'
import { fail } from '../errors.js'
import { type Ticket, ticketById } from './create.js'
import type { Actor, Desk } from './desk.js'
import { lockTicket } from './lock.js'
import { cleanTags, setTags } from './tags.js'
import { record } from './timeline.js'
import { type Change, ticketUpdated } from './tokens.js'
import { reindexWords } from './words.js'

export interface TicketChanges {
  subject?: string
  status?: Status
  priority?: Priority
  assigneeId?: string | null
  teamId?: string | null
  tags?: string[]
  inboxId?: string
}

/**
 * Writes only what differs; nothing at all when nothing does.
 * @param seen the version the caller has seen; omitted: whatever it is now.
 * @throws DeskError `version_conflict` with the current ticket.
 */
export async function updateTicket(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  given: Ticket,
  input: TicketChanges,
  seen?: number,
): Promise<void> {
  const ticket = await lockTicket(tx, given)
  const version = seen ?? ticket.version
  if (version !== ticket.version) throw fail('version_conflict', undefined, { current: ticket })
  const wanted = input.tags ? { ...input, tags: cleanTags(input.tags) } : input
  const changes = differences(ticket, wanted)
  if (Object.keys(changes).length === 0) return
  const changed = await tx
    .update(tx.t.tickets)
    .set({
      ...wanted,
      ...statusTimes(ticket, wanted.status, tx.now),
      version: version + 1,
      updatedAt: tx.now,
    })
    .where(and(eq(tx.t.tickets.id, ticket.id), eq(tx.t.tickets.version, version)))
    .returning({ id: tx.t.tickets.id })
  if (changed.length === 0)
    throw fail('version_conflict', undefined, { current: await ticketById(tx, ticket.id) })
  if (changes.tags) await setTags(tx, ticket.number, wanted.tags!)
  if (changes.subject) await reindexWords(tx, ticket.number, wanted.subject!)
  await record(tx, { ticketId: ticket.id, type: 'changed', actor, data: changes })
  await desk.hooks.emit(tx, ticketUpdated, { ticketId: ticket.id, changes })
}

function differences(ticket: Ticket, wanted: TicketChanges): Record<string, Change> {
  const changes: Record<string, Change> = {}
  for (const [field, to] of Object.entries(wanted)) {
    const from = ticket[field as keyof TicketChanges]
    if (to !== undefined && JSON.stringify(from) !== JSON.stringify(to)) changes[field] = [from, to]
  }
  return changes
}

function statusTimes(ticket: Ticket, status: Status | undefined, now: Date): Partial<Ticket> {
  if (status === undefined || status === ticket.status) return {}
  if (status === 'solved') return { solvedAt: now, closedAt: null }
  if (status === 'closed') return { solvedAt: ticket.solvedAt ?? now, closedAt: now }
  return { solvedAt: null, closedAt: null }
}
