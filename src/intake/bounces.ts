// A bounce tells about a message we sent: it is shown on that message, and an address that does not exist is not
// written to again (RFC 3464).
import { eq } from 'drizzle-orm'
import type { Tx } from '../db/types.js'
import { canonicalAddress } from '../people/contacts.js'
import type { Desk } from '../tickets/desk.js'
import { system } from '../tickets/desk.js'
import type { Inbox } from '../tickets/inboxes.js'
import { messagesById } from '../tickets/message-ids.js'
import { record } from '../tickets/timeline.js'
import { messageFailed } from '../tickets/tokens.js'
import type { InboundMessage } from './mime/message.js'

/** @returns what to say about it on the intake, or null when the bounce is not about a message of ours. */
export async function recordBounce(
  tx: Tx,
  desk: Desk,
  inbox: Inbox,
  { bounce }: InboundMessage,
): Promise<string | null> {
  const ids = bounce?.originalMessageId ? [bounce.originalMessageId] : []
  const [ours] = (await messagesById(tx, inbox.group, ids)).filter(({ direction }) => direction === 'out')
  if (!bounce || !ours) return null
  const data = { recipients: bounce.recipients }
  await record(tx, {
    ticketId: ours.ticketId,
    type: 'message_bounced',
    actor: system,
    messageId: ours.id,
    data,
  })
  const failed = bounce.recipients.filter(
    ({ action, status }) => action === 'failed' && status.startsWith('5'),
  )
  if (failed.length === 0) return 'a delay of a message of this desk'
  const error = failed
    .map(({ address, status, diagnostic }) => `${address}: ${status} ${diagnostic}`)
    .join('; ')
  await tx
    .update(tx.t.messages)
    .set({ delivery: 'failed', error: error.slice(0, 1000) })
    .where(eq(tx.t.messages.id, ours.id))
  for (const { address, status, diagnostic } of failed)
    await tx
      .insert(tx.t.suppressions)
      .values({
        address: canonicalAddress(address),
        reason: `${status} ${diagnostic}`.slice(0, 500),
        messageId: ours.id,
        createdAt: tx.now,
      })
      .onConflictDoNothing()
  await desk.hooks.emit(tx, messageFailed, { ticketId: ours.ticketId, messageId: ours.id, error })
  return 'a failure of a message of this desk'
}
