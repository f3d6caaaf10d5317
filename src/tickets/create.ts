// A new ticket, whatever channel it comes by.
import { eq, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import { prepared, type Reader, type Tx } from '../db/types.js'
import type { Actor, Desk } from './desk.js'
import { ownTicket } from './lock.js'
import { addParticipant } from './participants.js'
import { setTags } from './tags.js'
import { record } from './timeline.js'
import { createTicketFilter, type NewTicket, ticketCreated } from './tokens.js'
import { indexWords } from './words.js'

const p = sql.placeholder

const insert = prepared<Record<string, unknown>, { number: number }>(
  (q, t) =>
    q
      .insert(t.tickets)
      .values({
        id: p('id'),
        version: 1,
        subject: p('subject'),
        status: 'new',
        priority: p('priority') as never,
        channel: p('channel'),
        inboxId: p('inboxId'),
        requesterId: p('requesterId'),
        assigneeId: p('assigneeId'),
        teamId: p('teamId'),
        tags: p('tags'),
        createdAt: p('now'),
        updatedAt: p('now'),
      })
      .returning({ number: t.tickets.number }) as never,
)

const byId = prepared<{ id: string }, Ticket>(
  (q, t) =>
    q
      .select()
      .from(t.tickets)
      .where(eq(t.tickets.id, p('id'))) as never,
)

export type Ticket = Reader['t']['tickets']['$inferSelect']

export async function ticketById(r: Reader, id: string): Promise<Ticket | undefined> {
  const [ticket] = await r.run(byId, { id })
  return ticket
}

const byNumber = prepared<{ number: number }, Ticket>(
  (q, t) =>
    q
      .select()
      .from(t.tickets)
      .where(eq(t.tickets.number, p('number'))) as never,
)

export async function ticketByNumber(r: Reader, number: number): Promise<Ticket | undefined> {
  const [ticket] = await r.run(byNumber, { number })
  return ticket
}

/** With it and the entries `changed` the timeline says what a ticket was like at any instant. */
const firstState = ({ channel, inboxId, teamId, assigneeId, priority, tags }: NewTicket) => ({
  channel,
  inboxId,
  status: 'new',
  priority,
  assigneeId,
  teamId,
  tags,
})

export type NewTicketInput = Pick<NewTicket, 'subject' | 'inboxId' | 'channel' | 'requesterId'> &
  Partial<NewTicket>

export async function createTicket(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  input: NewTicketInput,
): Promise<{ id: string; number: number }> {
  const id = newId()
  const defaults = { teamId: null, assigneeId: null, priority: 'normal' as const, tags: [] }
  const draft = await desk.hooks.apply(tx, createTicketFilter, { ...defaults, ...input }, { ticketId: id })
  const [row] = await tx.run(insert, { ...draft, id, now: tx.now })
  const { number } = row!
  ownTicket(tx, id)
  await indexWords(tx, number, draft.subject)
  if (draft.tags.length > 0) await setTags(tx, number, draft.tags)
  await addParticipant(tx, id, draft.requesterId, 'requester')
  await record(tx, { ticketId: id, type: 'ticket_created', actor, data: firstState(draft) })
  await desk.hooks.emit(tx, ticketCreated, { ticketId: id })
  return { id, number }
}
