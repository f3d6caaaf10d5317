// A note: seen by agents only.
import { eq, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import type { Tx } from '../db/types.js'
import type { Ticket } from './create.js'
import type { Desk } from './desk.js'
import { insertMessage } from './messages.js'
import { takeAttachments } from './reply.js'
import { record } from './timeline.js'
import { noteAdded } from './tokens.js'

export async function addNote(
  tx: Tx,
  desk: Desk,
  agentId: string,
  ticket: Ticket,
  input: { text: string; attachments?: string[] },
): Promise<string> {
  const id = newId()
  await insertMessage(tx, {
    id,
    ticketId: ticket.id,
    direction: 'note',
    channel: ticket.channel,
    agentId,
    subject: '',
    text: input.text,
  })
  await takeAttachments(tx, id, agentId, input.attachments ?? [])
  await tx
    .update(tx.t.tickets)
    .set({ version: sql`${tx.t.tickets.version} + 1`, updatedAt: tx.now })
    .where(eq(tx.t.tickets.id, ticket.id))
  await record(tx, {
    ticketId: ticket.id,
    type: 'note_added',
    actor: { kind: 'agent', id: agentId },
    messageId: id,
  })
  await desk.hooks.emit(tx, noteAdded, { ticketId: ticket.id, messageId: id })
  return id
}
