// A message from outside becomes a ticket, or part of one. Every channel ends here.
import { eq, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import type { Automatic } from '../db/tables/tickets.js'
import { prepared, type Tx } from '../db/types.js'
import { createTicket, type Ticket, ticketById } from './create.js'
import type { Actor, Desk } from './desk.js'
import type { Inbox } from './inboxes.js'
import { lockById, lockTicket } from './lock.js'
import { rememberId } from './message-ids.js'
import { insertMessage, type Message, touchTicket } from './messages.js'
import { addParticipant } from './participants.js'
import { record } from './timeline.js'
import { messageReceived } from './tokens.js'
import { updateTicket } from './update.js'

export interface InboundAttachmentRow {
  filename: string
  contentType: string
  size: number
  hash: string
  contentId: string | null
  inline: boolean
}

export interface Inbound {
  inbox: Inbox
  channel: string
  contactId: string
  /** Contacts of To and Cc that become participants. */
  others: readonly string[]
  content: Pick<
    Message,
    'subject' | 'text' | 'html' | 'folded' | 'from' | 'to' | 'cc' | 'messageId' | 'date' | 'warnings'
  >
  automatic: Automatic | null
  attachments: readonly InboundAttachmentRow[]
  intakeId: string
}

export interface Stored {
  ticketId: string
  messageId: string
}

export async function openTicket(tx: Tx, desk: Desk, inbound: Inbound): Promise<Stored> {
  const actor: Actor = { kind: 'contact', id: inbound.contactId }
  const { id } = await createTicket(tx, desk, actor, {
    subject: subjectOf(inbound.content),
    inboxId: inbound.inbox.id,
    channel: inbound.channel,
    requesterId: inbound.contactId,
  })
  return { ticketId: id, messageId: await store(tx, desk, id, inbound, actor) }
}

/** Automatic mail is stored but wakes nobody: it never reopens a ticket, and no robot becomes a participant. */
export async function appendToTicket(tx: Tx, desk: Desk, found: Ticket, inbound: Inbound): Promise<Stored> {
  let ticket = await lockTicket(tx, found)
  // It was merged since it was found.
  while (ticket.mergedIntoId) ticket = await lockTicket(tx, (await ticketById(tx, ticket.mergedIntoId))!)
  const actor: Actor = { kind: 'contact', id: inbound.contactId }
  const byPerson = inbound.automatic === null
  if (byPerson) await addToTicket(tx, ticket.id, inbound.contactId)
  const reopens = byPerson && ['solved', 'closed', 'pending'].includes(ticket.status)
  if (reopens) await updateTicket(tx, desk, actor, ticket, { status: 'open' })
  return { ticketId: ticket.id, messageId: await store(tx, desk, ticket.id, inbound, actor) }
}

async function store(tx: Tx, desk: Desk, ticketId: string, inbound: Inbound, actor: Actor): Promise<string> {
  const { content, inbox, attachments } = inbound
  const id = newId()
  await insertMessage(tx, {
    id,
    ticketId,
    direction: 'in',
    channel: inbound.channel,
    contactId: inbound.contactId,
    automatic: inbound.automatic,
    intakeId: inbound.intakeId,
    ...content,
  })
  if (content.messageId) await rememberId(tx, inbox.group, content.messageId, id)
  for (const contactId of inbound.automatic ? [] : inbound.others) await addToTicket(tx, ticketId, contactId)
  await insertAttachments(tx, id, attachments)
  await touchTicket(tx, ticketId, id)
  const data = automaticOf(inbound)
  await record(tx, { ticketId, type: 'message_received', actor, messageId: id, data })
  await desk.hooks.emit(tx, messageReceived, { ticketId, messageId: id })
  return id
}

const automaticOf = ({ automatic }: Inbound) => (automatic ? { automatic } : {})

export async function insertAttachments(
  tx: Tx,
  messageId: string,
  attachments: readonly InboundAttachmentRow[],
) {
  if (attachments.length === 0) return
  const row = { messageId, agentId: null, createdAt: tx.now }
  await tx.insert(tx.t.attachments).values(attachments.map((file) => ({ id: newId(), ...row, ...file })))
}

async function addToTicket(tx: Tx, ticketId: string, contactId: string) {
  if (await addParticipant(tx, ticketId, contactId, 'cc'))
    await record(tx, {
      ticketId,
      type: 'participant_added',
      actor: { kind: 'contact', id: contactId },
      data: { contactId, role: 'cc' },
    })
}

const addInbox = prepared<{ ticketId: string; inboxId: string }, never>(
  (q, t) =>
    q
      .insert(t.ticketInboxes)
      .values({ ticketId: sql.placeholder('ticketId'), inboxId: sql.placeholder('inboxId') })
      .onConflictDoNothing() as never,
)

/** The same mail came to another inbox too: one ticket, seen from both. */
export async function addTicketInbox(tx: Tx, ticketId: string, inboxId: string): Promise<void> {
  await tx.run(addInbox, { ticketId, inboxId })
}

/** The copy of a message that had been cut short has come whole: the row takes its content. */
export async function replaceContent(tx: Tx, stored: Stored, inbound: Inbound): Promise<void> {
  const { messages, attachments, tickets } = tx.t
  const { content } = inbound
  await lockById(tx, stored.ticketId)
  await tx
    .update(messages)
    .set({
      ...content,
      contactId: inbound.contactId,
      automatic: inbound.automatic,
      intakeId: inbound.intakeId,
    })
    .where(eq(messages.id, stored.messageId))
  await tx.delete(attachments).where(eq(attachments.messageId, stored.messageId))
  await insertAttachments(tx, stored.messageId, inbound.attachments)
  if (content.messageId) await rememberId(tx, inbound.inbox.group, content.messageId, stored.messageId)
  await tx
    .update(tickets)
    .set({ version: sql`${tickets.version} + 1`, updatedAt: tx.now })
    .where(eq(tickets.id, stored.ticketId))
  await record(tx, {
    ticketId: stored.ticketId,
    type: 'message_replaced',
    actor: { kind: 'system', id: null },
    messageId: stored.messageId,
    data: { reason: 'an earlier copy had been cut short', ...automaticOf(inbound) },
  })
}

/** Empty subject: the first words of the text. */
export function subjectOf({ subject, text }: { subject: string; text: string }): string {
  const first = subject.trim() || text.trim().split('\n', 1)[0]!.trim()
  return first.length > 200 ? `${first.slice(0, 199)}…` : first || '(no subject)'
}
