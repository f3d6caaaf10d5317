// Many tickets at once, for those who compute over all of them: pages in order of creation, and batches by id.
import { and, asc, eq, gt, gte, inArray, or, sql } from 'drizzle-orm'
import { batches, paramsOf } from '../db/batches.js'
import { prepared, preparedBySize, type Reader } from '../db/types.js'
import { unknownReference } from '../errors.js'
import { type Ticket, ticketById } from './create.js'

export interface PageOptions {
  /** Id of the last ticket of the page before. */
  after?: string
  createdSince?: Date
  limit: number
}

/** The oldest first. @throws DeskError `unknown_reference` where there is no ticket `after`. */
export async function ticketsInOrder(
  r: Reader,
  { after, createdSince, limit }: PageOptions,
): Promise<Ticket[]> {
  const { tickets } = r.t
  const last = after === undefined ? undefined : await ticketById(r, after)
  if (after !== undefined && !last) throw unknownReference('after', after)
  const beyond =
    last &&
    or(
      gt(tickets.createdAt, last.createdAt),
      and(eq(tickets.createdAt, last.createdAt), gt(tickets.number, last.number)),
    )
  // Beside `beyond`, which alone no database takes for a range of the index.
  const from = [last?.createdAt, createdSince].filter((at) => at !== undefined)
  return r
    .select()
    .from(tickets)
    .where(and(...from.map((at) => gte(tickets.createdAt, at)), beyond))
    .orderBy(asc(tickets.createdAt), asc(tickets.number))
    .limit(limit)
}

/** Those that there are, in no promised order. */
export async function ticketsByIds(r: Reader, ids: readonly string[]): Promise<Ticket[]> {
  const found: Ticket[] = []
  for (const some of batches(ids))
    found.push(...(await r.run(byIds(some.length), paramsOf(some.map((id) => ({ id }))))))
  return found
}

const byIds = preparedBySize((size) =>
  prepared<Record<string, unknown>, Ticket>(
    (q, { tickets }) =>
      q
        .select()
        .from(tickets)
        .where(
          inArray(
            tickets.id,
            Array.from({ length: size }, (_, i) => sql.placeholder(`id${i}`)),
          ),
        ) as never,
  ),
)
