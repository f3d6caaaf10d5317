// Every hour: what is too old leaves the log, and what was held by a hair's breadth is let go.
import { and, asc, eq, inArray, lt } from 'drizzle-orm'
import { after, DAY } from 'frontdesk/plugin'
import { FORGET_BATCH, idsOf } from './backlog.js'
import type { Context } from './context.js'

export async function upkeep(context: Context): Promise<void> {
  const { app } = context
  await prune(context, after(app.clock.now(), -app.settings().keepDays * DAY))
  await letGo(context)
}

/** Old rows of the log; what still waits for a try stays. */
async function prune(context: Context, before: Date): Promise<void> {
  const { app } = context
  const { deliveries } = app.tables
  for (;;) {
    const left = await app.db.transaction(async (tx) => {
      const rows = await tx
        .select({ id: deliveries.id })
        .from(deliveries)
        .where(
          and(lt(deliveries.createdAt, before), inArray(deliveries.state, ['delivered', 'failed', 'held'])),
        )
        .orderBy(asc(deliveries.createdAt))
        .limit(FORGET_BATCH)
      if (rows.length > 0) await tx.delete(deliveries).where(idsOf(context, rows))
      return rows.length === FORGET_BATCH
    })
    if (!left) return
  }
}

/** On PostgreSQL an event can read "paused" and store its row after the last held one was released. */
async function letGo({ app, jobs }: Context): Promise<void> {
  const { deliveries, endpoints } = app.tables
  const active = await app.db
    .select({ id: endpoints.id })
    .from(endpoints)
    .where(eq(endpoints.state, 'active'))
  for (const { id: endpointId } of active) {
    const held = await app.db
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(and(eq(deliveries.endpointId, endpointId), eq(deliveries.state, 'held')))
      .limit(1)
    if (held.length > 0)
      await app.db.transaction((tx) => jobs.release.schedule(tx, { endpointId }, { key: endpointId }))
  }
}
