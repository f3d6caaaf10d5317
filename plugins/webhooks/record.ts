// What a try came to: delivered, later again, given up, or the end of a dead receiver.
import { and, eq, sql } from 'drizzle-orm'
import { HOUR, type PluginTx } from 'frontdesk/plugin'
import { type Context, PING } from './context.js'
import type { Outcome } from './send.js'
import type { Delivery, Endpoint } from './tables.js'
import { nextTry, retryAfter } from './tries.js'

const GONE = 410

export async function record(
  context: Context,
  tx: PluginTx,
  delivery: Delivery,
  outcome: Outcome,
): Promise<void> {
  const { app, jobs } = context
  const { deliveries } = app.tables
  const attempts = delivery.attempts + 1
  const isPing = delivery.event === PING
  const at =
    outcome.error === null || isPing
      ? null
      : nextTry(attempts, delivery.since, tx.now, retryAfter(outcome.retryAfter, tx.now))
  const state = outcome.error === null ? 'delivered' : at ? 'waiting' : 'failed'
  const { status, answer, error, durationMs } = outcome
  const rows = await tx
    .update(deliveries)
    .set({ state, attempts, nextAt: at, triedAt: tx.now, status, answer, error, durationMs })
    .where(
      and(
        eq(deliveries.id, delivery.id),
        eq(deliveries.state, 'waiting'),
        // Another worker has recorded this try, or a person has started it anew.
        eq(deliveries.attempts, delivery.attempts),
        eq(deliveries.since, delivery.since),
      ),
    )
    .returning({ id: deliveries.id })
  if (rows.length === 0 || isPing) return
  if (outcome.error === null) return succeed(context, tx, delivery.endpointId)
  const isPaused = await fail(context, tx, delivery.endpointId, outcome)
  if (!at) return
  if (isPaused)
    await tx.update(deliveries).set({ state: 'held', nextAt: null }).where(eq(deliveries.id, delivery.id))
  else await jobs.deliver.schedule(tx, { deliveryId: delivery.id }, { key: delivery.id, at })
}

async function succeed({ app }: Context, tx: PluginTx, endpointId: string) {
  const { endpoints } = app.tables
  await tx
    .update(endpoints)
    .set({ failures: 0, failingSince: null, lastSuccessAt: tx.now })
    .where(eq(endpoints.id, endpointId))
}

/** @returns whether the endpoint is not active any more. */
async function fail({ app }: Context, tx: PluginTx, endpointId: string, outcome: Outcome): Promise<boolean> {
  const { endpoints } = app.tables
  const [endpoint] = await tx
    .update(endpoints)
    .set({ failures: sql`${endpoints.failures} + 1` })
    .where(eq(endpoints.id, endpointId))
    .returning()
  if (!endpoint) return true
  if (!endpoint.failingSince)
    await tx.update(endpoints).set({ failingSince: tx.now }).where(eq(endpoints.id, endpointId))
  if (endpoint.state !== 'active') return true
  const reason = whyPause(app.settings(), endpoint, tx.now, outcome)
  if (reason === null) return false
  await tx
    .update(endpoints)
    .set({ state: 'paused', reason, updatedAt: tx.now })
    .where(eq(endpoints.id, endpointId))
  await app.notify(tx, {
    key: noticeKey(endpointId),
    level: 'warning',
    // The host alone: the rest of a URL may hold a secret.
    text: `The webhook to ${new URL(endpoint.url).host} is paused: ${reason} Its events are held until somebody switches it on again.`,
  })
  return true
}

function whyPause(
  { pauseAfterFailures, pauseAfterHours }: { pauseAfterFailures: number; pauseAfterHours: number },
  { failures, failingSince }: Endpoint,
  now: Date,
  { status, error }: Outcome,
): string | null {
  if (status === GONE) return 'It answered 410: there is no receiver any more.'
  const hours = (now.getTime() - (failingSince ?? now).getTime()) / HOUR
  if (failures < pauseAfterFailures || hours < pauseAfterHours) return null
  return `${failures} tries have failed in a row since ${failingSince?.toISOString()}; the last one: ${error}`
}

export const noticeKey = (endpointId: string): string => `paused:${endpointId}`
