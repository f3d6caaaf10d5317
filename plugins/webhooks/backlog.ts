// Many deliveries at once, in batches, each in a transaction of its own: held ones of an endpoint that is on again,
// a range that is sent again, and the log of an endpoint that was deleted.
import { and, asc, eq, gt, gte, inArray, lt, type SQL } from 'drizzle-orm'
import { after, type JobRun, type PluginTx, SECOND } from 'frontdesk/plugin'
import type { Context, ReplayData } from './context.js'
import { beyond } from './page.js'
import type { Delivery } from './tables.js'

const BATCH = 100
/** Between batches: a receiver that was away for days should not fall over again at once. */
const BREATH = 5 * SECOND
export const FORGET_BATCH = 500

/** Starts the tries of a delivery anew, under its old id. */
export async function startAnew({ app, jobs }: Context, tx: PluginTx, { id }: Pick<Delivery, 'id'>) {
  const { deliveries } = app.tables
  await tx
    .update(deliveries)
    .set({ state: 'waiting', attempts: 0, since: tx.now, nextAt: tx.now })
    .where(eq(deliveries.id, id))
  await jobs.deliver.schedule(tx, { deliveryId: id }, { key: id })
}

export const release = (context: Context, job: JobRun<{ endpointId: string }, PluginTx>) =>
  context.app.db.transaction(async (tx) => {
    const { deliveries, endpoints } = context.app.tables
    const { endpointId } = job.data
    await job.complete(tx)
    const [endpoint] = await tx.select().from(endpoints).where(eq(endpoints.id, endpointId))
    if (endpoint?.state !== 'active') return
    const rows = await tx
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(and(eq(deliveries.endpointId, endpointId), eq(deliveries.state, 'held')))
      .orderBy(asc(deliveries.createdAt), asc(deliveries.id))
      .limit(BATCH)
    for (const row of rows) await startAnew(context, tx, row)
    if (rows.length === BATCH)
      await context.jobs.release.schedule(tx, { endpointId }, { key: endpointId, at: after(tx.now, BREATH) })
  })

/** What a replay takes; also for counting. */
export function replayed({ app }: Context, data: ReplayData): SQL | undefined {
  const { deliveries } = app.tables
  return and(
    eq(deliveries.endpointId, data.endpointId),
    inArray(deliveries.state, data.failedOnly ? ['failed'] : ['delivered', 'failed']),
    gte(deliveries.createdAt, new Date(data.from)),
    lt(deliveries.createdAt, new Date(data.to)),
    lt(deliveries.since, new Date(data.askedAt)),
    data.inboxIds ? inArray(deliveries.inboxId, [...data.inboxIds]) : undefined,
  )
}

export const replay = (context: Context, job: JobRun<ReplayData, PluginTx>) =>
  context.app.db.transaction(async (tx) => {
    const { deliveries } = context.app.tables
    const { data } = job
    await job.complete(tx)
    const rows = await tx
      .select({ id: deliveries.id, createdAt: deliveries.createdAt })
      .from(deliveries)
      .where(and(replayed(context, data), data.after && beyond(deliveries, gt, gte, data.after)))
      .orderBy(asc(deliveries.createdAt), asc(deliveries.id))
      .limit(BATCH)
    for (const row of rows) await startAnew(context, tx, row)
    const last = rows.at(-1)
    if (rows.length < BATCH || !last) return
    const next = { ...data, after: [last.createdAt.getTime(), last.id] as const }
    await context.jobs.replay.schedule(tx, next, { at: after(tx.now, BREATH) })
  })

export const forget = (context: Context, job: JobRun<{ endpointId: string }, PluginTx>) =>
  context.app.db.transaction(async (tx) => {
    const { deliveries } = context.app.tables
    await job.complete(tx)
    const rows = await tx
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(eq(deliveries.endpointId, job.data.endpointId))
      .limit(FORGET_BATCH)
    if (rows.length === 0) return
    await tx.delete(deliveries).where(idsOf(context, rows))
    await context.jobs.forget.schedule(tx, job.data)
  })

export const idsOf = ({ app }: Context, rows: readonly { id: string }[]) =>
  inArray(
    app.tables.deliveries.id,
    rows.map(({ id }) => id),
  )
