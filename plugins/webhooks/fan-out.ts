// Every event: one row and one job per endpoint that wants it, in one transaction.
import { createHash } from 'node:crypto'
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { type JobRun, newId, type PluginReader, type PluginTx } from 'frontdesk/plugin'
import type { Context } from './context.js'
import { bodyOf, fits, type Happening, ticketIdOf, wants } from './match.js'
import type { Delivery, Endpoint } from './tables.js'

export async function fanOut(
  context: Context,
  event: string,
  payload: unknown,
  job: JobRun<unknown, PluginTx>,
): Promise<void> {
  const { app } = context
  // Most events are for nobody: these need no transaction.
  if ((await wanting(context, app.db, event)).length === 0) return
  await app.db.transaction(async (tx) => {
    const ticketId = ticketIdOf(payload)
    const ticket = ticketId === undefined ? undefined : await app.desk.ticket(tx, ticketId)
    for (const endpoint of await wanting(context, tx, event))
      if (fits(endpoint, ticket))
        await enqueue(context, tx, endpoint, {
          id: idOf(endpoint.id, job.id),
          event,
          at: job.createdAt,
          payload,
          ticket,
        })
    await job.complete(tx)
  })
}

async function wanting({ app }: Context, r: PluginReader, event: string): Promise<Endpoint[]> {
  const { endpoints } = app.tables
  const found = await r
    .select()
    .from(endpoints)
    .where(inArray(endpoints.state, ['active', 'paused']))
  return found.filter((endpoint) => wants(endpoint, event))
}

/** The same for every handling of one event. */
const idOf = (endpointId: string, source: string): string =>
  `dlv_${createHash('sha256').update(`${endpointId} ${source}`).digest('base64url').slice(0, 27)}`

/** @returns the row; undefined where it is there already or there is no room to hold it. */
export async function enqueue(
  { app, jobs }: Context,
  tx: PluginTx,
  { id: endpointId, state }: Endpoint,
  happening: Happening,
  isHeld = state === 'paused',
): Promise<Delivery | undefined> {
  const { deliveries, endpoints } = app.tables
  if (isHeld && !(await hasRoom({ app }, tx, endpointId))) {
    const dropped = sql`${endpoints.dropped} + 1`
    await tx.update(endpoints).set({ dropped }).where(eq(endpoints.id, endpointId))
    return undefined
  }
  const [row] = await tx
    .insert(deliveries)
    .values({
      id: happening.id,
      endpointId,
      event: happening.event,
      inboxId: happening.ticket?.inboxId ?? null,
      state: isHeld ? 'held' : 'waiting',
      body: bodyOf(happening),
      attempts: 0,
      since: tx.now,
      nextAt: isHeld ? null : tx.now,
      createdAt: tx.now,
    })
    .onConflictDoNothing()
    .returning()
  if (row && !isHeld) await jobs.deliver.schedule(tx, { deliveryId: row.id }, { key: row.id })
  return row
}

/** Whether the last place of those that may be held is free: one step in the index per held row. */
async function hasRoom({ app }: Pick<Context, 'app'>, tx: PluginTx, endpointId: string): Promise<boolean> {
  const { deliveries } = app.tables
  const most = app.settings().holdAtMost
  if (most === 0) return false
  const [last] = await tx
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(eq(deliveries.endpointId, endpointId), eq(deliveries.state, 'held')))
    .orderBy(asc(deliveries.createdAt), asc(deliveries.id))
    .limit(1)
    .offset(most - 1)
  return last === undefined
}

export const newDeliveryId = (): string => `dlv_${newId().replaceAll('-', '')}`
