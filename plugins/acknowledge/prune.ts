// Forgets what is old: rows of the list, and buckets that are full again.
import { lt } from 'drizzle-orm'
import { after, DAY } from 'frontdesk/plugin'
import type { App } from './app.js'

/** No ticket is answered twice for it: one older than `maxAgeHours` (a week at most) is not answered at all. */
export const prune = (app: App) => () =>
  app.db.transaction(async (tx) => {
    const { answers, buckets } = app.tables
    await tx.delete(answers).where(lt(answers.at, after(tx.now, -app.settings().keepDays * DAY)))
    await tx.delete(buckets).where(lt(buckets.fullAt, tx.now.getTime()))
    // It comes back with the next answer that the ceiling holds back.
    await app.clearNotice(tx, 'ceiling')
  })
