// Search in subjects: each word is an index entry, a search is a range of it. The same on both databases, and
// never a scan.
import { eq } from 'drizzle-orm'
import type { Tx } from '../db/types.js'

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

export async function indexWords(tx: Tx, number: number, subject: string): Promise<void> {
  const words = wordsOf(subject)
  if (words.length > 0) await tx.insert(tx.t.ticketWords).values(words.map((word) => ({ word, number })))
}

export async function reindexWords(tx: Tx, number: number, subject: string): Promise<void> {
  await tx.delete(tx.t.ticketWords).where(eq(tx.t.ticketWords.number, number))
  await indexWords(tx, number, subject)
}
