// Tags stand in the ticket for reading and in `ticket_tags` for finding; both are written here and nowhere else.
import { eq } from 'drizzle-orm'
import type { Tx } from '../db/types.js'

/** One spelling per tag: no white space around or doubled inside, lower case. */
export const canonicalTag = (tag: string): string =>
  tag.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase()

/** Canonical, once each, in the order given. */
export const cleanTags = (tags: readonly string[]): string[] => [
  ...new Set(tags.map(canonicalTag).filter(Boolean)),
]

/** The rows of `ticket_tags`; the caller writes the column of the ticket along with its other changes. */
export async function setTags(tx: Tx, number: number, tags: readonly string[]): Promise<void> {
  await tx.delete(tx.t.ticketTags).where(eq(tx.t.ticketTags.number, number))
  if (tags.length > 0) await tx.insert(tx.t.ticketTags).values(tags.map((tag) => ({ tag, number })))
}
