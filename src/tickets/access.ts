// The row filter: which tickets a principal may see. Every query of tickets for a person goes through here.
import { and, eq, exists, inArray, notExists, or, type SQL, sql } from 'drizzle-orm'
import type { Reader } from '../db/types.js'
import type { Principal } from '../people/principal.js'
import { type Ticket, ticketById, ticketByNumber } from './create.js'

/** Undefined: all of them. */
export function visible(r: Pick<Reader, 't'>, who: Pick<Principal, 'inboxIds' | 'teamIds'>): SQL | undefined {
  if (who.inboxIds === null) return undefined
  const { tickets, ticketInboxes } = r.t
  const conditions: SQL[] = []
  if (who.inboxIds.length > 0) {
    const mine = [...who.inboxIds]
    conditions.push(inArray(tickets.inboxId, mine))
    conditions.push(
      sql`exists (select 1 from ${ticketInboxes} where ${ticketInboxes.ticketId} = ${tickets.id} and ${inArray(ticketInboxes.inboxId, mine)})`,
    )
  }
  if (who.teamIds.length > 0) conditions.push(inArray(tickets.teamId, [...who.teamIds]))
  return conditions.length > 0 ? or(...conditions) : sql`1 = 0`
}

/** The ticket by id, or undefined when there is none or it is not for this principal. */
export async function visibleTicket(r: Reader, who: Principal, key: string): Promise<Ticket | undefined> {
  const ticket = /^\d{1,15}$/.test(key) ? await ticketByNumber(r, Number(key)) : await ticketById(r, key)
  if (!ticket || who.inboxIds === null) return ticket
  if (who.inboxIds.includes(ticket.inboxId)) return ticket
  if (ticket.teamId !== null && who.teamIds.includes(ticket.teamId)) return ticket
  const also = await r
    .select({ inboxId: r.t.ticketInboxes.inboxId })
    .from(r.t.ticketInboxes)
    .where(eq(r.t.ticketInboxes.ticketId, ticket.id))
  return also.some(({ inboxId }) => who.inboxIds!.includes(inboxId)) ? ticket : undefined
}

/** Of these tickets the ones that the principal may see now, by id. */
export async function visibleAmong(
  r: Reader,
  who: Pick<Principal, 'inboxIds' | 'teamIds'>,
  ids: readonly string[],
): Promise<Map<string, { number: number; inboxId: string }>> {
  const { tickets } = r.t
  const rows = await r
    .select({ id: tickets.id, number: tickets.number, inboxId: tickets.inboxId })
    .from(tickets)
    .where(and(inArray(tickets.id, [...ids]), visible(r, who)))
  return new Map(rows.map(({ id, ...rest }) => [id, rest]))
}

/** Contacts of visible tickets, and those without any. Undefined: all of them. */
export function visibleContact(r: Reader, who: Principal): SQL | undefined {
  const mine = visible(r, who)
  if (!mine) return undefined
  const { contacts, participants, tickets } = r.t
  const of = r
    .select({ id: participants.ticketId })
    .from(participants)
    .where(eq(participants.contactId, contacts.id))
  const seen = r
    .select({ id: tickets.id })
    .from(participants)
    .innerJoin(tickets, eq(tickets.id, participants.ticketId))
    .where(and(eq(participants.contactId, contacts.id), mine))
  return or(notExists(of), exists(seen))
}
