// An answer that a machine gives: to the requester alone, marked as automatic (RFC 3834), sent at once. It changes
// nothing of the ticket: an agent who writes meanwhile has missed nothing.
import { newId } from '../clock.js'
import type { Tx } from '../db/types.js'
import { schedule } from '../jobs/schedule.js'
import { deskName } from '../settings/core.js'
import { makeMessageId, makeToken } from './capability.js'
import type { Ticket } from './create.js'
import type { Actor, Desk } from './desk.js'
import { inboxById } from './inboxes.js'
import { lockById } from './lock.js'
import { insertMessage } from './messages.js'
import { readParticipants } from './participants.js'
import { record } from './timeline.js'
import { deliver, messageQueued } from './tokens.js'

/** @returns the id of the message, or null where the requester has no address. */
export async function answerAutomatically(
  tx: Tx,
  desk: Desk,
  author: Actor,
  ticket: Ticket,
  { text, html, subject }: { text: string; html?: string; subject?: string },
): Promise<string | null> {
  await lockById(tx, ticket.id)
  const inbox = (await inboxById(tx, ticket.inboxId))!
  const requester = (await readParticipants(tx, ticket.id)).find(({ role }) => role === 'requester')
  if (!requester?.address) return null
  const id = newId()
  const token = makeToken(desk.secrets, ticket.number, requester.contactId)
  await insertMessage(tx, {
    id,
    ticketId: ticket.id,
    direction: 'out',
    channel: 'email',
    subject: subject ?? ticket.subject,
    text,
    html: html ?? '',
    // Without a name: that is text from outside, and nobody has proved yet that the address is theirs.
    to: [{ name: '', address: requester.address }],
    from: { name: inbox.options.fromName ?? desk.settings.get(deskName), address: inbox.address },
    messageId: makeMessageId(token, id, inbox.address),
    automatic: 'auto-reply',
    delivery: 'queued',
    sendAt: tx.now,
  })
  await record(tx, {
    ticketId: ticket.id,
    type: 'message_queued',
    actor: author,
    messageId: id,
    data: { automatic: true },
  })
  await schedule(tx, deliver, { messageId: id }, { key: id })
  await desk.hooks.emit(tx, messageQueued, { ticketId: ticket.id, messageId: id })
  return id
}
