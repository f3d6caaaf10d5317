// One transaction at a time per ticket: what is decided on its row is still true at the commit, and the lines of its
// timeline are numbered in the order in which they are committed. Costs nothing where there is one writer anyway.
import { asc, eq, inArray, sql } from 'drizzle-orm'
import { paramsOf } from '../db/batches.js'
import { lockRows, prepared, preparedBySize, type Reader, type Tx } from '../db/types.js'

type Ticket = Reader['t']['tickets']['$inferSelect']

const byId = prepared<{ id: string }, Ticket>(
  (q, { tickets }) =>
    lockRows(
      q
        .select()
        .from(tickets)
        .where(eq(tickets.id, sql.placeholder('id'))),
    ) as never,
)

const held = new WeakMap<Tx, Set<string>>()

/** A ticket that this transaction has made: nobody else can see it yet. */
export function ownTicket(tx: Tx, id: string): void {
  const ids = held.get(tx) ?? new Set()
  held.set(tx, ids.add(id))
}

/** @returns the ticket as it is, now that it can no longer change; the one given, where that is known already. */
export async function lockTicket(tx: Tx, ticket: Ticket): Promise<Ticket> {
  return (await lockById(tx, ticket.id)) ?? ticket
}

/** @returns undefined where it was locked before, or need not be. */
export async function lockById(tx: Tx, id: string): Promise<Ticket | undefined> {
  if (tx.dialect.oneWriter || held.get(tx)?.has(id)) return undefined
  const [now] = await tx.run(byId, { id })
  ownTicket(tx, id)
  return now
}

/** Of several, in one order, so that two merges do not wait for each other in a circle. */
export async function lockAll(tx: Tx, ids: readonly string[]): Promise<Map<string, Ticket>> {
  const found = new Map<string, Ticket>()
  for (const id of [...ids].sort()) {
    const now = await lockById(tx, id)
    if (now) found.set(id, now)
  }
  return found
}

const byIds = preparedBySize((size) =>
  prepared<Record<string, unknown>, Pick<Ticket, 'id' | 'number'>>(
    (q, { tickets }) =>
      lockRows(
        q
          .select({ id: tickets.id, number: tickets.number })
          .from(tickets)
          .where(
            inArray(
              tickets.id,
              Array.from({ length: size }, (_, index) => sql.placeholder(`id${index}`)),
            ),
          )
          // The rows are locked in this order.
          .orderBy(asc(tickets.id)),
      ) as never,
  ),
)

/** A batch (db/batches.ts) of them in one statement. @returns those that there are, in the order of their ids. */
export async function lockMany(
  tx: Tx,
  ids: readonly string[],
): Promise<readonly Pick<Ticket, 'id' | 'number'>[]> {
  const rows = await tx.run(byIds(ids.length), paramsOf(ids.map((id) => ({ id }))))
  if (!tx.dialect.oneWriter) for (const { id } of rows) ownTicket(tx, id)
  return rows
}
