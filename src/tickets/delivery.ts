// What an agent can do with a message on its way out: take it back while it waits, try again after it failed.
import { and, eq } from 'drizzle-orm'
import type { Tx } from '../db/types.js'
import { fail } from '../errors.js'
import { cancel, schedule } from '../jobs/schedule.js'
import type { Desk } from './desk.js'
import { lockById } from './lock.js'
import type { Message } from './messages.js'
import { record } from './timeline.js'
import { deliver, messageCancelled } from './tokens.js'

/** @throws DeskError `wrong_state` once it is on its way. */
export async function cancelReply(tx: Tx, desk: Desk, agentId: string, message: Message): Promise<void> {
  await lockById(tx, message.ticketId)
  if (message.delivery !== 'queued' || !(await cancel(tx, deliver, message.id)))
    throw fail('wrong_state', 'The message is no longer waiting; it cannot be taken back.')
  await tx.update(tx.t.messages).set({ delivery: 'cancelled' }).where(eq(tx.t.messages.id, message.id))
  const actor = { kind: 'agent', id: agentId } as const
  await record(tx, { ticketId: message.ticketId, type: 'message_cancelled', actor, messageId: message.id })
  await desk.hooks.emit(tx, messageCancelled, { ticketId: message.ticketId, messageId: message.id })
}

/** @throws DeskError `wrong_state` unless sending has failed. */
export async function sendAgain(tx: Tx, agentId: string, message: Message): Promise<void> {
  await lockById(tx, message.ticketId)
  const changed = await tx
    .update(tx.t.messages)
    .set({ delivery: 'queued', error: null })
    .where(and(eq(tx.t.messages.id, message.id), eq(tx.t.messages.delivery, 'failed')))
    .returning({ id: tx.t.messages.id })
  if (changed.length === 0) throw fail('wrong_state', 'Only a message that failed can be sent again.')
  const actor = { kind: 'agent', id: agentId } as const
  const data = message.automatic === null ? {} : { automatic: true }
  await record(tx, {
    ticketId: message.ticketId,
    type: 'message_queued',
    actor,
    messageId: message.id,
    data,
  })
  await schedule(tx, deliver, { messageId: message.id }, { key: message.id })
}
