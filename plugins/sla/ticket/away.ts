// Whether the plugin was switched off for a while: what happened on tickets meanwhile was told to nobody.
import { eq } from 'drizzle-orm'
import { MINUTE } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Walker } from './walk.js'

const EVERY = 10 * MINUTE

/** A recurring job that remembers when it last ran; parked while the plugin is off, it finds out when it comes back. */
export function noticeAbsence(app: App, walker: Walker): void {
  app.job<Record<string, never>>('beat', {
    every: EVERY,
    run: ({ complete }) =>
      app.db.transaction(async (tx) => {
        const { marks } = app.tables
        const [last] = await tx.select().from(marks).where(eq(marks.name, 'beat'))
        const row = { name: 'beat', at: tx.now }
        await tx
          .insert(marks)
          .values(row)
          .onConflictDoUpdate({ target: marks.name, set: { at: tx.now } })
        if (last && tx.now.getTime() - last.at.getTime() > 2 * EVERY)
          await walker.begin(tx, { kind: 'return', id: 'all', since: last.at.getTime() - EVERY })
        await complete(tx)
      }),
  })
}
