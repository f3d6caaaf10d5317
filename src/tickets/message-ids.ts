// Every Message-ID under which the desk knows a message, kept as a hash within the group of inboxes.
import { and, eq, inArray, sql } from 'drizzle-orm'
import { prepared, type Reader, type Tx } from '../db/types.js'
import { sha256 } from '../settings/secrets.js'

const p = sql.placeholder

/** Ends the ids that are made here for mails that came without one; nobody outside knows them. */
export const NO_MESSAGE_ID = '@no-message-id.invalid'

const insert = prepared<{ scope: string; hash: string; messageId: string }, never>(
  (q, t) =>
    q
      .insert(t.messageIds)
      .values({ scope: p('scope'), hash: p('hash'), messageId: p('messageId') })
      .onConflictDoNothing() as never,
)

export const hashId = (id: string): string => sha256(id).slice(0, 32)

/** @param scope the group of the inbox. */
export async function rememberId(tx: Tx, scope: string, id: string, messageId: string): Promise<void> {
  await tx.run(insert, { scope, hash: hashId(id), messageId })
}

/** Messages known under any of `ids`, in the order of `ids`; one query however many there are. */
export async function messagesById(r: Reader, scope: string, ids: readonly string[]) {
  if (ids.length === 0) return []
  const { messageIds, messages } = r.t
  const hashes = ids.map(hashId)
  const rows = await r
    .select({
      hash: messageIds.hash,
      id: messages.id,
      ticketId: messages.ticketId,
      direction: messages.direction,
    })
    .from(messageIds)
    .innerJoin(messages, eq(messages.id, messageIds.messageId))
    .where(and(eq(messageIds.scope, scope), inArray(messageIds.hash, hashes)))
    .orderBy(messages.id)
  return rows
    .map((row) => ({ ...row, position: hashes.indexOf(row.hash) }))
    .sort((a, b) => a.position - b.position)
    .map(({ position, ...row }) => ({ ...row, known: ids[position]! }))
}
