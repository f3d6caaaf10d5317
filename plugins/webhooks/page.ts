// Keyset pages over (createdAt, id): a page costs the same wherever it lies.
import { and, eq, type gt, type gte, or, type SQL } from 'drizzle-orm'
import { fail } from 'frontdesk/plugin'
import type { Position } from './context.js'
import type { Tables } from './tables.js'

/** Rows behind a position: `gt, gte` upward, `lt, lte` downward. The first condition alone lets an index begin there. */
export function beyond(
  { createdAt, id }: Tables['deliveries'],
  further: typeof gt,
  from: typeof gte,
  [ms, lastId]: Position,
): SQL | undefined {
  const at = new Date(ms)
  return and(from(createdAt, at), or(further(createdAt, at), and(eq(createdAt, at), further(id, lastId))))
}

export const makeCursor = (row: { createdAt: Date; id: string }): string =>
  Buffer.from(JSON.stringify([row.createdAt.getTime(), row.id])).toString('base64url')

export function readCursor(cursor: string): Position {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) < 2 ** 47 && typeof id === 'string')
      return [at as number, id]
  } catch {
    // Not one of ours: refused below.
  }
  throw fail('invalid_cursor')
}
