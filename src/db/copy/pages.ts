// Reads a table in the order of its key, page by page; the next page begins behind the last row, not at an offset. The
// size of a page follows that of the rows: a thousand texts of megabytes are more than the memory.
import type { Reader } from '../types.js'
import type { Row, Source } from './tables.js'

const MOST_ROWS = 256
const PAGE_BYTES = 4_000_000

export const keyOf = (source: Source, row: Row): unknown[] => source.key.map((name) => row[name])

export async function* pages(
  r: Reader,
  source: Source,
  after: readonly unknown[] | null = null,
): AsyncGenerator<{ rows: Row[]; bytes: number }> {
  let last = after
  for (let limit = 16; ; ) {
    const rows = last
      ? await r.run(source.next(limit), Object.fromEntries(last.map((value, index) => [`k${index}`, value])))
      : await r.run(source.first(limit), {})
    const end = rows.at(-1)
    if (!end) return
    const bytes = rows.reduce((sum, row) => sum + weight(row), 0)
    yield { rows, bytes }
    if (rows.length < limit) return
    last = keyOf(source, end)
    limit = sizeFor(bytes / rows.length)
  }
}

/** A power of two: each size is a statement that is prepared. */
const sizeFor = (bytesPerRow: number): number =>
  Math.min(MOST_ROWS, 2 ** Math.max(0, Math.floor(Math.log2(PAGE_BYTES / bytesPerRow))))

/** About; texts are what becomes large. */
function weight(row: Row): number {
  let bytes = 100
  for (const value of Object.values(row)) if (typeof value === 'string') bytes += value.length
  return bytes
}
