// Under which Message-IDs the desk knows a message: our own say it themselves, those of others are kept as a hash
// within the group of inboxes.
import { hash } from 'node:crypto'
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Direction } from '../db/tables/tickets.js'
import { prepared, preparedBySize, type Reader, type Tx } from '../db/types.js'
import { ownMessageId } from './capability.js'

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
  prepared<Record<string, string>, Known & { hash: string }>((q, t) =>
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

const byIds = preparedBySize((size) =>
  prepared<Record<string, string>, Known & { messageId: string | null }>(
    (q, { messages, tickets, inboxes }) =>
      q
        .select({
          id: messages.id,
          ticketId: messages.ticketId,
          direction: messages.direction,
          messageId: messages.messageId,
        })
        .from(messages)
        .innerJoin(tickets, eq(tickets.id, messages.ticketId))
        .innerJoin(inboxes, eq(inboxes.id, tickets.inboxId))
        .where(
          and(
            eq(inboxes.group, p('scope')),
            inArray(
              messages.id,
              Array.from({ length: size }, (_, index) => p(`id${index}`)),
            ),
          ),
        ),
  ),
)

interface Known {
  id: string
  ticketId: string
  direction: Direction
}

/** Messages known under any of `ids`, in the order of `ids`; at most two queries however many there are. */
export async function messagesById(r: Reader, scope: string, ids: readonly string[]) {
  if (ids.length === 0) return []
  const hashes = ids.map(hashId)
  const rows = await r.run(byHashes(hashes.length), { scope, ...named('hash', hashes) })
  const found = [
    ...rows.map((row) => ({ ...row, position: hashes.indexOf(row.hash) })),
    ...(await ownOnes(r, scope, ids)),
  ]
  return found
    .sort((a, b) => a.position - b.position)
    .map(({ id, ticketId, direction, position }) => ({ id, ticketId, direction, known: ids[position]! }))
}

/** Our own Message-IDs say which message they are. */
async function ownOnes(r: Reader, scope: string, ids: readonly string[]) {
  const own = ids.map(ownMessageId).filter((id) => id !== null)
  if (own.length === 0) return []
  const rows = await r.run(byIds(own.length), { scope, ...named('id', own) })
  return rows
    .map((row) => ({ ...row, position: ids.indexOf(row.messageId ?? '') }))
    .filter(({ position }) => position >= 0)
}

const named = (name: string, values: readonly string[]) =>
  Object.fromEntries(values.map((value, index) => [`${name}${index}`, value]))
