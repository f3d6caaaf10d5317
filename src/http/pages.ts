// Keyset pages over ids, which are ordered by time.
import { fail } from '../errors.js'

export interface Page<T> {
  items: T[]
  nextCursor: string | null
}

/** @param rows one more than `limit`, when there are more. */
export function pageOf<T extends { id: string }>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return {
    items,
    nextCursor: rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null,
  }
}

/** The id after which a page begins. */
export function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const id = Buffer.from(cursor, 'base64url').toString()
  if (!/^[0-9a-f-]{36}$/.test(id)) throw fail('invalid_cursor')
  return id
}
