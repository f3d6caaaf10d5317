// A bounce tells about a message we sent: it is shown on that message, and an address that does not exist is not
// written to again (RFC 3464).
import { eq } from 'drizzle-orm'
import type { Tx } from '../db/types.js'
import { canonicalAddress } from '../people/contacts.js'
import type { Desk } from '../tickets/desk.js'
import { system } from '../tickets/desk.js'
import type { Inbox } from '../tickets/inboxes.js'
import { messagesById } from '../tickets/message-ids.js'
import { messageById } from '../tickets/messages.js'
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
  // Anybody who has seen one of our ids can write a bounce: it counts for those only whom that message went to.
  const written = await recipientsOf(tx, ours.id)
  const failed = bounce.recipients.filter(
    ({ address, action, status }) =>
      action === 'failed' && status.startsWith('5') && written.has(canonicalAddress(address)),
  )
  if (failed.length === 0) return 'about a message of this desk; nobody it went to has failed for good'
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

async function recipientsOf(tx: Tx, messageId: string): Promise<Set<string>> {
  const message = await messageById(tx, messageId)
  return new Set(
    [...(message?.to ?? []), ...(message?.cc ?? [])].map(({ address }) => canonicalAddress(address)),
  )
}
