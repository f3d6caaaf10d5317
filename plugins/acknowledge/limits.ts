// Limits that hold over restarts and in several processes, because they stand in the database.
import { and, desc, eq, gt, isNull, lte, sql } from 'drizzle-orm'
import { after, DAY, HOUR, type PluginTx } from 'frontdesk/plugin'
import type { App } from './app.js'
import { isAnswered } from './judge.js'

/**
 * Takes a token from a bucket that holds `perHour` and refills evenly.
 * It is one update: two processes that come at once wait for each other on the row, and both count.
 * @returns false: there is none.
 */
export async function takeToken(
  { tables }: App,
  tx: PluginTx,
  key: string,
  perHour: number,
): Promise<boolean> {
  const { buckets } = tables
  const now = tx.now.getTime()
  const interval = Math.ceil(HOUR / perHour)
  await tx.insert(buckets).values({ key, fullAt: now }).onConflictDoNothing()
  const taken = await tx
    .update(buckets)
    .set({
      fullAt: sql`(case when ${buckets.fullAt} > ${number(now)} then ${buckets.fullAt} else ${number(now)} end) + ${number(interval)}`,
    })
    .where(and(eq(buckets.key, key), lte(buckets.fullAt, now + HOUR - interval)))
    .returning({ key: buckets.key })
  return taken.length > 0
}

/** Written into the statement: PostgreSQL cannot tell the type of a parameter there. Only for our own integers. */
const number = (value: number) => sql.raw(String(Math.trunc(value)))

const SPELL = 7 * DAY

/**
 * Did the last `most` acknowledgements to this address lead to nothing? Two desks that answer each other so slowly
 * that the bucket fills again are stopped by this: nobody there or here ever reads what they write.
 */
export async function isUnanswered(app: App, tx: PluginTx, address: string, most: number): Promise<boolean> {
  const { answers } = app.tables
  const last = await tx
    .select({ ticketId: answers.ticketId })
    .from(answers)
    .where(and(eq(answers.address, address), isNull(answers.reason), gt(answers.at, after(tx.now, -SPELL))))
    .orderBy(desc(answers.id))
    .limit(most)
  if (last.length < most) return false
  for (const { ticketId } of last) {
    const ticket = await app.desk.ticket(tx, ticketId)
    if (ticket?.status === 'solved' || ticket?.status === 'closed') return false
    if (isAnswered(await app.desk.messages(tx, ticketId))) return false
  }
  return true
}
