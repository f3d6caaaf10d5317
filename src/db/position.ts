// Where somebody stands who follows an append-only table, and what lies between two such places. On PostgreSQL numbers
// of a sequence are given out before the commit, so a smaller one can appear later: a place there is a snapshot.
import { and, type gt, gte, inArray, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Reader } from './types.js'

/** Seen is what has an order below `next`, except the open ones. */
export interface Position {
  readonly next: number
  /** Transactions that had not ended; none on SQLite, where the order of `seq` is that of the commits. */
  readonly open: readonly number[]
}

export const sees = ({ next, open }: Position, order: number): boolean =>
  order < next && !open.includes(order)

/** Not by their text: that can leave something out. */
export const samePlace = (a: Position, b: Position): boolean =>
  a.next === b.next && a.open.length === b.open.length && a.open.every((one, n) => one === b.open[n])

/** @param last the largest `seq` that is visible, asked for where commits come one after the other. */
export async function positionNow(r: Reader, last: () => Promise<number>): Promise<Position> {
  if (r.dialect.snapshot === null) return { next: (await last()) + 1, open: [] }
  const [row] = await r.rows<{ snapshot: string }>(r.dialect.snapshot)
  const [, next, open = ''] = row!.snapshot.split(':')
  return { next: Number(next), open: open.split(',').filter(Boolean).map(Number) }
}

interface Ordered {
  seq: Parameters<typeof gt>[0]
  txid: Parameters<typeof gt>[0]
}

/** The column that a `Position` speaks of. */
export const orderColumn = <T extends Ordered>(r: Pick<Reader, 'dialect'>, table: T): T['seq'] | T['txid'] =>
  r.dialect.snapshot === null ? table.seq : table.txid

/** What `to` sees and `from` does not, apart from what `sees(to, …)` still has to leave out. Reads what is new, nothing else. */
export function between(r: Pick<Reader, 'dialect'>, table: Ordered, from: Position, to: Position): SQL {
  const order = orderColumn(r, table)
  const since = and(gte(order, from.next), lt(order, to.next))!
  if (r.dialect.snapshot === null) return since
  const late = from.open.length > 0 ? inArray(order, [...from.open]) : undefined
  // The words of the partial index, so that it is used.
  return and(sql`${table.txid} > 0`, or(since, late))!
}

const MOST_OPEN = 50

export function writePosition({ next, open }: Position): string {
  // Too many to write out: stand before the oldest of them, and see some of what came since again.
  if (open.length > MOST_OPEN) return String(Math.min(next, ...open))
  return open.length === 0 ? String(next) : `${next}.${open.join('.')}`
}

/** Undefined: nothing that `writePosition` wrote. */
export function readPosition(text: string): Position | undefined {
  if (!/^\d{1,15}(\.\d{1,15}){0,50}$/.test(text)) return undefined
  const [next, ...open] = text.split('.').map(Number)
  return { next: next!, open }
}
