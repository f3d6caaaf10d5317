// Every blob that a row of the database refers to. A new column with a hash of a blob belongs in here, or the
// collector takes its blobs for garbage.
import { asc, gt } from 'drizzle-orm'
import type { Reader } from '../db/types.js'

const PAGE = 1000

export async function referenced(r: Reader): Promise<Set<string>> {
  const hashes = new Set<string>()
  const { intakes, attachments } = r.t
  for (let last = ''; ; ) {
    const rows = await r
      .select({ id: intakes.id, hash: intakes.rawHash })
      .from(intakes)
      .where(gt(intakes.id, last))
      .orderBy(asc(intakes.id))
      .limit(PAGE)
    for (const { hash } of rows) hashes.add(hash)
    if (rows.length < PAGE) break
    last = rows.at(-1)!.id
  }
  for (let last = ''; ; ) {
    const rows = await r
      .select({ id: attachments.id, hash: attachments.hash })
      .from(attachments)
      .where(gt(attachments.id, last))
      .orderBy(asc(attachments.id))
      .limit(PAGE)
    for (const { hash } of rows) hashes.add(hash)
    if (rows.length < PAGE) break
    last = rows.at(-1)!.id
  }
  return hashes
}
