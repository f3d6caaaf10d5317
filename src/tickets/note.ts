// A note: seen by agents only.
import { eq, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import type { Tx } from '../db/types.js'
import type { Ticket } from './create.js'
import type { Actor, Desk } from './desk.js'
import { lockById } from './lock.js'
import { insertMessage } from './messages.js'
import { takeAttachments } from './reply.js'
import { record } from './timeline.js'
import { noteAdded } from './tokens.js'

export async function addNote(
  tx: Tx,
  desk: Desk,
  author: Actor,
  ticket: Ticket,
  input: { text: string; attachments?: string[] },
): Promise<string> {
  await lockById(tx, ticket.id)
  const id = newId()
  await insertMessage(tx, {
    id,
    ticketId: ticket.id,
    direction: 'note',
    channel: ticket.channel,
    agentId: author.kind === 'agent' ? author.id : null,
    subject: '',
    text: input.text,
  })
  if (author.kind === 'agent') await takeAttachments(tx, id, author.id!, input.attachments ?? [])
  await tx
    .update(tx.t.tickets)
    .set({ version: sql`${tx.t.tickets.version} + 1`, updatedAt: tx.now })
    .where(eq(tx.t.tickets.id, ticket.id))
  await record(tx, {
    ticketId: ticket.id,
    type: 'note_added',
    actor: author,
    messageId: id,
  })
  await desk.hooks.emit(tx, noteAdded, { ticketId: ticket.id, messageId: id })
  return id
}
