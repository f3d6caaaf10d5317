// What several routes show: a ticket with all that belongs to it, messages with their attachments.
import { eq, inArray, sql } from 'drizzle-orm'
import { prepared, type Reader } from '../../db/types.js'
import { fail } from '../../errors.js'
import { readContact } from '../../people/contacts.js'
import type { Principal } from '../../people/principal.js'
import { visibleTicket } from '../../tickets/access.js'
import type { Ticket } from '../../tickets/create.js'
import type { Desk } from '../../tickets/desk.js'
import { readFields, readFieldsOf } from '../../tickets/fields.js'
import { readLinks } from '../../tickets/links.js'
import type { listTickets } from '../../tickets/list.js'
import { listMessages, type Message, messageById } from '../../tickets/messages.js'
import { readParticipants } from '../../tickets/participants.js'
import { readStages } from '../../tickets/workflow.js'

/** @throws DeskError `not_found`, also for what exists but is not for this principal. */
export async function ticketFor(r: Reader, who: Principal, key: string): Promise<Ticket> {
  const ticket = await visibleTicket(r, who, key)
  if (!ticket) throw fail('not_found')
  return ticket
}

/** A message and its ticket, both visible. @throws DeskError `not_found`. */
export async function messageFor(
  r: Reader,
  who: Principal,
  id: string,
): Promise<{ message: Message; ticket: Ticket }> {
  const message = await messageById(r, id)
  if (!message) throw fail('not_found')
  return { message, ticket: await ticketFor(r, who, message.ticketId) }
}

export async function withAttachments(r: Reader, messages: readonly Message[]) {
  if (messages.length === 0) return []
  const { attachments } = r.t
  const files = await r
    .select()
    .from(attachments)
    .where(
      inArray(
        attachments.messageId,
        messages.map(({ id }) => id),
      ),
    )
    .orderBy(attachments.id)
  return messages.map((message) => ({
    ...message,
    attachments: files.filter((file) => file.messageId === message.id),
  }))
}

const attachmentsOf = prepared<{ messageId: string }, Reader['t']['attachments']['$inferSelect']>(
  (q, t) =>
    q
      .select()
      .from(t.attachments)
      .where(eq(t.attachments.messageId, sql.placeholder('messageId')))
      .orderBy(t.attachments.id) as never,
)

export async function messageView(r: Reader, message: Message) {
  return { ...message, attachments: await r.run(attachmentsOf, { messageId: message.id }) }
}

export async function readMessage(r: Reader, id: string) {
  return messageView(r, (await messageById(r, id))!)
}

export async function readMessages(r: Reader, ticketId: string, afterId: string | undefined, limit: number) {
  return withAttachments(r, await listMessages(r, ticketId, afterId, limit))
}

export async function ticketRow(r: Reader, ticket: Ticket) {
  const requester = await readContact(r, ticket.requesterId)
  return { ...ticket, requesterName: requester?.name ?? '' }
}

const NONE = Object.freeze({})

/** A page of tickets with the fields of plugins: by one more query, where there are such fields. */
export async function withFields(r: Reader, { fields }: Desk, page: Awaited<ReturnType<typeof listTickets>>) {
  const ids = page.items.map(({ id }) => id)
  const found = fields.size > 0 ? await readFieldsOf(r, ids) : undefined
  // Onto the rows, which are nobody else's: copies of them would be noticed at this place.
  const items = page.items.map((row) => Object.assign(row, { fields: found?.get(row.id) ?? NONE }))
  return { ...page, items }
}

/** Messages of one ticket beyond this number are read by their own list. */
const SHOWN_MESSAGES = 200

export async function ticketDetail(r: Reader, who: Principal, ticket: Ticket) {
  const [row, participants, messages, links, fields, stages] = await Promise.all([
    ticketRow(r, ticket),
    readParticipants(r, ticket.id),
    readMessages(r, ticket.id, undefined, SHOWN_MESSAGES),
    readLinks(r, who, ticket.id),
    readFields(r, ticket.id),
    readStages(r, ticket.id),
  ])
  return { ...row, participants, messages, links, fields, stages }
}
