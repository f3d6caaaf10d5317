// Where a page of tickets ended: what it was sorted by, and the place in that order.
import { fail } from '../errors.js'
import type { Sort } from './list.js'
import type { TicketRow } from './list-statement.js'

export const makeCursor = (sort: Sort, { number, updatedAt, sortedBy }: TicketRow): string =>
  Buffer.from(JSON.stringify([sort, number, sortedBy ?? updatedAt.getTime()])).toString('base64url')

const isTime = (at: unknown) => Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) < 2 ** 47

/** @throws DeskError `invalid_cursor`. */
export function readCursor(cursor: string, sort: Sort) {
  try {
    const [madeFor, number, at] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (madeFor === sort && Number.isSafeInteger(number)) {
      if (sort.includes('field:') && isText(at)) return { afterNumber: number, afterValue: at }
      if (!sort.includes('field:') && isTime(at))
        return { afterNumber: number, afterAt: new Date(at as number) }
    }
  } catch {
    // Not one of ours: refused below.
  }
  throw fail('invalid_cursor')
}

/** What a database takes: whoever makes up a cursor gets an answer, not an error of ours. */
const isText = (at: unknown) => typeof at === 'string' && at.isWellFormed() && !at.includes('\0')
