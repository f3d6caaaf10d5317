// Rows of `messages`, and what a new one changes on its ticket.
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import { param } from '../db/param.js'
import { prepared, type Reader, type Tx } from '../db/types.js'

export type Message = Reader['t']['messages']['$inferSelect']
type Given = Pick<Message, 'id' | 'ticketId' | 'direction' | 'channel' | 'subject' | 'text'>

const p = sql.placeholder

const insert = prepared<Record<string, unknown>, never>(
  (q, t) =>
    q.insert(t.messages).values({
      id: p('id'),
      ticketId: p('ticketId'),
      direction: p('direction') as never,
      channel: p('channel'),
      contactId: p('contactId'),
      agentId: p('agentId'),
      subject: p('subject'),
      text: p('text'),
      html: p('html'),
      folded: p('folded'),
      from: p('from'),
      to: p('to'),
      cc: p('cc'),
      messageId: p('messageId'),
      date: p('date'),
      automatic: p('automatic') as never,
      warnings: p('warnings'),
      intakeId: p('intakeId'),
      delivery: p('delivery') as never,
      sendAt: p('sendAt'),
      createdAt: p('createdAt'),
    }) as never,
)

/** @returns the row, so that nobody has to read back what was just written. */
export async function insertMessage(
  tx: Tx,
  given: Given & Partial<Omit<Message, 'sentAt' | 'error'>>,
): Promise<Message> {
  // Property by property: spreads of this many are what a reply would spend its time with.
  const message: Message = {
    id: given.id,
    ticketId: given.ticketId,
    direction: given.direction,
    channel: given.channel,
    contactId: given.contactId ?? null,
    agentId: given.agentId ?? null,
    subject: given.subject,
    text: given.text,
    html: given.html ?? '',
    folded: given.folded ?? [],
    from: given.from ?? null,
    to: given.to ?? [],
    cc: given.cc ?? [],
    messageId: given.messageId ?? null,
    date: given.date ?? null,
    automatic: given.automatic ?? null,
    warnings: given.warnings ?? [],
    intakeId: given.intakeId ?? null,
    delivery: given.delivery ?? null,
    sendAt: given.sendAt ?? null,
    sentAt: null,
    error: null,
    createdAt: given.createdAt ?? tx.now,
  }
  await tx.run(insert, message as unknown as Record<string, unknown>)
  return message
}

const touchPublic = prepared<{ id: string; now: Date; messageId: string }, never>(
  (q, t) =>
    q
      .update(t.tickets)
      .set({
        version: sql`${t.tickets.version} + 1`,
        updatedAt: param(t.tickets.updatedAt, 'now'),
        lastMessageAt: param(t.tickets.lastMessageAt, 'now'),
        lastPublicMessageId: param(t.tickets.lastPublicMessageId, 'messageId'),
      })
      .where(eq(t.tickets.id, p('id'))) as never,
)

/** A public message was added: the ticket is at a new version and moves up in lists. */
export async function touchTicket(tx: Tx, ticketId: string, messageId: string): Promise<void> {
  await tx.run(touchPublic, { id: ticketId, now: tx.now, messageId })
}

const byId = prepared<{ id: string }, Message>(
  (q, t) =>
    q
      .select()
      .from(t.messages)
      .where(eq(t.messages.id, p('id'))) as never,
)

export async function messageById(r: Reader, id: string): Promise<Message | undefined> {
  const [message] = await r.run(byId, { id })
  return message
}

/** Oldest first, after the message `afterId`. */
export async function listMessages(
  r: Reader,
  ticketId: string,
  afterId: string | undefined,
  limit: number,
): Promise<Message[]> {
  const { messages } = r.t
  return r
    .select()
    .from(messages)
    .where(and(eq(messages.ticketId, ticketId), afterId === undefined ? undefined : gt(messages.id, afterId)))
    .orderBy(asc(messages.id))
    .limit(limit)
}
