// A reply of an agent: checked, stored as `queued` with its Message-ID fixed, and scheduled; nothing is sent here.
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { after, newId, SECOND } from '../clock.js'
import type { Delivery, Mailbox, Status } from '../db/tables/tickets.js'
import type { Tx } from '../db/types.js'
import { fail, unknownReference } from '../errors.js'
import { schedule } from '../jobs/schedule.js'
import { deskName, undoSeconds } from '../settings/core.js'
import { makeMessageId, makeToken } from './capability.js'
import type { Ticket } from './create.js'
import type { Actor, Desk } from './desk.js'
import { inboxById } from './inboxes.js'
import { lockTicket } from './lock.js'
import { insertMessage, type Message, messageById, touchTicket } from './messages.js'
import { mailboxOf, readParticipants } from './participants.js'
import { record } from './timeline.js'
import { deliver, messageQueued, type OutgoingDraft, sendMessageFilter } from './tokens.js'
import { updateTicket } from './update.js'

export const MOST_RECIPIENTS = 50

export interface ReplyInput {
  text: string
  /** Default: the subject of the ticket. */
  subject?: string
  /** Sanitised. */
  html?: string
  attachments?: string[]
  /** Default: the requester. */
  to?: Mailbox[]
  /** Default: everybody else who belongs to the ticket. */
  cc?: Mailbox[]
  /** The last public message the writer had seen; a newer one refuses the reply. */
  against?: string
  sendAt?: Date
  /** Status afterwards; default: a new ticket becomes open. */
  status?: Status
}

export async function reply(
  tx: Tx,
  desk: Desk,
  author: Actor,
  given: Ticket,
  input: ReplyInput,
): Promise<Message> {
  const ticket = await lockTicket(tx, given)
  if (input.against !== undefined && ticket.lastPublicMessageId !== input.against)
    throw fail('stale_reply', undefined, { current: await messageById(tx, ticket.lastPublicMessageId ?? '') })
  const agentId = author.kind === 'agent' ? author.id : null
  const inbox = (await inboxById(tx, ticket.inboxId))!
  const people = await readParticipants(tx, ticket.id)
  const requester = people.find((person) => person.role === 'requester')
  const draft = await desk.hooks.apply(
    tx,
    sendMessageFilter,
    draftOf(
      ticket,
      people.filter((p) => p.address),
      input,
    ),
    {
      ticketId: ticket.id,
      agentId,
    },
  )
  checkRecipients(draft, inbox.address)

  const id = newId()
  const token = makeToken(desk.secrets, ticket.number, requester?.contactId ?? '')
  const messageId = makeMessageId(token, id, inbox.address)
  const wait = inbox.options.undoSeconds ?? desk.settings.get(undoSeconds)
  const sendAt = input.sendAt ?? after(tx.now, wait * SECOND)
  const message = await insertMessage(tx, {
    id,
    ticketId: ticket.id,
    direction: 'out',
    channel: 'email',
    agentId,
    subject: draft.subject,
    text: draft.text,
    html: draft.html,
    to: draft.to,
    cc: draft.cc,
    from: { name: inbox.options.fromName ?? desk.settings.get(deskName), address: inbox.address },
    messageId,
    delivery: 'queued' satisfies Delivery,
    sendAt,
  })
  if (agentId !== null) await takeAttachments(tx, id, agentId, input.attachments ?? [])
  // Only what somebody planned: the undo window is no plan.
  const planned = input.sendAt && input.sendAt > tx.now ? { sendAt: input.sendAt.toISOString() } : {}
  await record(tx, {
    ticketId: ticket.id,
    type: 'message_queued',
    actor: author,
    messageId: id,
    data: planned,
  })
  const status = input.status ?? (ticket.status === 'new' ? 'open' : ticket.status)
  if (status !== ticket.status) await updateTicket(tx, desk, author, ticket, { status })
  await touchTicket(tx, ticket.id, id)
  await schedule(tx, deliver, { messageId: id }, { key: id, at: sendAt })
  await desk.hooks.emit(tx, messageQueued, { ticketId: ticket.id, messageId: id })
  return message
}

function draftOf(
  ticket: Ticket,
  people: Awaited<ReturnType<typeof readParticipants>>,
  input: ReplyInput,
): OutgoingDraft {
  return {
    subject: input.subject ?? ticket.subject,
    text: input.text,
    html: input.html ?? '',
    to: input.to ?? people.filter((person) => person.role === 'requester').map(mailboxOf),
    cc: input.cc ?? people.filter((person) => person.role === 'cc').map(mailboxOf),
  }
}

function checkRecipients({ to, cc }: OutgoingDraft, own: string) {
  if (to.length === 0) throw fail('no_recipient')
  if (to.length + cc.length > MOST_RECIPIENTS) throw fail('too_many_recipients')
  const self = [...to, ...cc].find(({ address }) => address.toLowerCase() === own)
  if (self)
    throw fail('rejected', `${own} is this inbox itself: a reply to it would come back as a new message.`)
}

/** Binds uploads to a message; each can be used once, by the agent who made it. */
export async function takeAttachments(tx: Tx, messageId: string, agentId: string, ids: readonly string[]) {
  if (ids.length === 0) return
  const { attachments } = tx.t
  const taken = await tx
    .update(attachments)
    .set({ messageId })
    .where(
      and(inArray(attachments.id, [...ids]), isNull(attachments.messageId), eq(attachments.agentId, agentId)),
    )
    .returning({ id: attachments.id })
  const missing = ids.find((id) => !taken.some((row) => row.id === id))
  if (missing) throw unknownReference('attachments', missing)
}
