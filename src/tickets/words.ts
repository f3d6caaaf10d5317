// Search in subjects: each word is an index entry, a search is a range of it. The same on both databases, and
// never a scan.
import { eq, sql } from 'drizzle-orm'
import { prepared, type Tx } from '../db/types.js'

const MOST_WORDS = 40
const LONGEST = 40

/** Words of a text in one spelling: compatibility forms and case folded, accents removed. */
export function wordsOf(text: string): string[] {
  const folded = text.slice(0, 2000).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const words = folded.match(/[\p{L}\p{N}]+/gu) ?? []
  return [...new Set(words.map((word) => word.slice(0, LONGEST)))].slice(0, MOST_WORDS)
}

/** The first text after all those that begin with `prefix`. */
export const endOfPrefix = (prefix: string): string => `${prefix}\u{10ffff}`

const insert = prepared<{ word: string; number: number }, never>(
  (q, t) =>
    q
      .insert(t.ticketWords)
      .values({ word: sql.placeholder('word'), number: sql.placeholder('number') }) as never,
)

export async function indexWords(tx: Tx, number: number, subject: string): Promise<void> {
  for (const word of wordsOf(subject)) await tx.run(insert, { word, number })
}

export async function reindexWords(tx: Tx, number: number, subject: string): Promise<void> {
  await tx.delete(tx.t.ticketWords).where(eq(tx.t.ticketWords.number, number))
  await indexWords(tx, number, subject)
}
