// Every Message-ID under which the desk knows a message, kept as a hash within the group of inboxes.
import { hash } from 'node:crypto'
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Direction } from '../db/tables/tickets.js'
import { prepared, preparedBySize, type Reader, type Tx } from '../db/types.js'

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

export const hashId = (id: string): string => hash('sha256', id, 'hex').slice(0, 32)

/** @param scope the group of the inbox. */
export async function rememberId(tx: Tx, scope: string, id: string, messageId: string): Promise<void> {
  await tx.run(insert, { scope, hash: hashId(id), messageId })
}

const byHashes = preparedBySize((size) =>
  prepared<Record<string, string>, { hash: string; id: string; ticketId: string; direction: Direction }>(
    (q, t) =>
      q
        .select({
          hash: t.messageIds.hash,
          id: t.messages.id,
          ticketId: t.messages.ticketId,
          direction: t.messages.direction,
        })
        .from(t.messageIds)
        .innerJoin(t.messages, eq(t.messages.id, t.messageIds.messageId))
        .where(
          and(
            eq(t.messageIds.scope, p('scope')),
            inArray(
              t.messageIds.hash,
              Array.from({ length: size }, (_, index) => p(`hash${index}`)),
            ),
          ),
        )
        .orderBy(t.messages.id),
  ),
)

/** Messages known under any of `ids`, in the order of `ids`; one query however many there are. */
export async function messagesById(r: Reader, scope: string, ids: readonly string[]) {
  if (ids.length === 0) return []
  const hashes = ids.map(hashId)
  const named = Object.fromEntries(hashes.map((hash, index) => [`hash${index}`, hash]))
  const rows = await r.run(byHashes(hashes.length), { scope, ...named })
  return rows
    .map((row) => ({ ...row, position: hashes.indexOf(row.hash) }))
    .sort((a, b) => a.position - b.position)
    .map(({ position, ...row }) => ({ ...row, known: ids[position]! }))
}
