// Repairs by a person: two tickets that are one, and a message that belongs elsewhere. Both leave a trace on both sides.
import { and, desc, eq, ne, sql } from 'drizzle-orm'
import type { Tx } from '../db/types.js'
import { fail } from '../errors.js'
import { createTicket, type Ticket } from './create.js'
import type { Actor, Desk } from './desk.js'
import { subjectOf } from './inbound.js'
import { link } from './links.js'
import { lockAll } from './lock.js'
import { type Message, touchTicket } from './messages.js'
import { addParticipant } from './participants.js'
import { record } from './timeline.js'
import { messageMoved, ticketMerged } from './tokens.js'
import { updateTicket } from './update.js'

/** Everything of `from` moves to `into`; mail that answers the former follows. */
export async function mergeTickets(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  from: Ticket,
  into: Ticket,
): Promise<void> {
  const now = await lockAll(tx, [from.id, into.id])
  const source = now.get(from.id) ?? from
  const target = now.get(into.id) ?? into
  if (source.id === target.id || source.mergedIntoId || target.mergedIntoId)
    throw fail('wrong_state', 'A ticket can be merged once, into another one that is not merged itself.')
  const { messages, participants, tickets } = tx.t
  const moved = await tx
    .update(messages)
    .set({ ticketId: target.id })
    .where(eq(messages.ticketId, source.id))
    .returning({ id: messages.id })
  const people = await tx.select().from(participants).where(eq(participants.ticketId, source.id))
  for (const { contactId } of people) await addParticipant(tx, target.id, contactId, 'cc')
  await updateTicket(tx, desk, actor, source, { status: 'closed' })
  await tx
    .update(tickets)
    .set({ mergedIntoId: target.id, lastPublicMessageId: null })
    .where(eq(tickets.id, source.id))
  await link(tx, source.id, target.id, 'merged')
  const data = { from: source.number, messages: moved.map(({ id }) => id) }
  await record(tx, { ticketId: target.id, type: 'merged', actor, data })
  await record(tx, { ticketId: source.id, type: 'merged', actor, data: { into: target.number } })
  await afterMove(tx, target.id)
  await desk.hooks.emit(tx, ticketMerged, { ticketId: source.id, intoId: target.id })
}

/** Moves one message to another ticket, or to a new one when `target` is null. Moving it back undoes it. */
export async function moveMessage(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  message: Message,
  source: Ticket,
  target: Ticket | null,
) {
  if (message.direction !== 'in' && target === null)
    throw fail('wrong_state', 'Only a message from outside can become a ticket of its own.')
  await lockAll(tx, [source.id, ...(target ? [target.id] : [])])
  const targetId = target?.id ?? (await splitOff(tx, desk, actor, message, source))
  if (targetId === source.id) throw fail('wrong_state', 'The message belongs to that ticket already.')
  const { messages } = tx.t
  const moved = await tx
    .update(messages)
    .set({ ticketId: targetId })
    .where(and(eq(messages.id, message.id), eq(messages.ticketId, source.id)))
    .returning({ id: messages.id })
  if (moved.length === 0) throw fail('wrong_state', 'The message was moved by somebody else meanwhile.')
  if (message.contactId) await addParticipant(tx, targetId, message.contactId, 'cc')
  const data = { from: source.id, to: targetId }
  for (const ticketId of [source.id, targetId])
    await record(tx, { ticketId, type: 'message_moved', actor, messageId: message.id, data })
  await afterMove(tx, source.id)
  await afterMove(tx, targetId)
  await desk.hooks.emit(tx, messageMoved, { ticketId: targetId, messageId: message.id, fromId: source.id })
  return targetId
}

async function splitOff(tx: Tx, desk: Desk, actor: Actor, message: Message, source: Ticket): Promise<string> {
  const { id } = await createTicket(tx, desk, actor, {
    subject: subjectOf(message),
    inboxId: source.inboxId,
    channel: message.channel,
    requesterId: message.contactId ?? source.requesterId,
  })
  return id
}

/** The newest public message of a ticket may have changed. */
async function afterMove(tx: Tx, ticketId: string) {
  const { messages, tickets } = tx.t
  const [last] = await tx
    .select({ id: messages.id })
    .from(messages)
    .where(and(eq(messages.ticketId, ticketId), ne(messages.direction, 'note')))
    .orderBy(desc(messages.id))
    .limit(1)
  if (last) return touchTicket(tx, ticketId, last.id)
  await tx
    .update(tickets)
    .set({ lastPublicMessageId: null, version: sql`${tickets.version} + 1`, updatedAt: tx.now })
    .where(eq(tickets.id, ticketId))
}
