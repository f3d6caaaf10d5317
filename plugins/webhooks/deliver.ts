// One try of one delivery: read it, send it, record what came of it.
import { and, eq } from 'drizzle-orm'
import type { JobRun, PluginTx } from 'frontdesk/plugin'
import { type Context, type DeliverData, PING } from './context.js'
import type { Lanes } from './lanes.js'
import { record } from './record.js'
import { signedHeaders } from './sign.js'
import type { Delivery, Endpoint } from './tables.js'

export async function deliver(
  context: Context,
  lanes: Lanes,
  job: JobRun<DeliverData, PluginTx>,
): Promise<void> {
  const { app } = context
  const { deliveries, endpoints } = app.tables
  const [found] = await app.db
    .select({ delivery: deliveries, endpoint: endpoints })
    .from(deliveries)
    .innerJoin(endpoints, eq(endpoints.id, deliveries.endpointId))
    .where(eq(deliveries.id, job.data.deliveryId))
  if (!found) return
  const { delivery, endpoint } = found
  // The job came twice: it is done, or its next try has a job of its own.
  if (delivery.state !== 'waiting' || (delivery.nextAt ?? delivery.since) > app.clock.now()) return
  if (endpoint.state !== 'active' && delivery.event !== PING) return hold(context, delivery, job)
  if (!lanes.enter(endpoint.id, endpoint.failures > 0)) return comeAgain(context, lanes, delivery, job)
  const began = performance.now()
  try {
    await attempt(context, delivery, endpoint, job)
  } finally {
    lanes.leave(endpoint.id, performance.now() - began)
  }
}

async function attempt(
  context: Context,
  delivery: Delivery,
  endpoint: Endpoint,
  job: JobRun<DeliverData, PluginTx>,
) {
  const { app, send } = context
  const now = app.clock.now()
  const outcome = await send({
    url: endpoint.url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'frontdesk-webhooks/1',
      ...signedHeaders(delivery.id, now, delivery.body, secretsOf(context, endpoint, now)),
    },
    body: delivery.body,
    rules: app.settings(),
    signal: job.signal,
  })
  await app.db.transaction(async (tx) => {
    await record(context, tx, delivery, outcome)
    await job.complete(tx)
  })
}

function secretsOf({ app }: Context, { secret, oldSecret, oldSecretUntil }: Endpoint, now: Date): string[] {
  const isOldGood = oldSecret !== null && oldSecretUntil !== null && oldSecretUntil > now
  return [app.open(secret), ...(isOldGood ? [app.open(oldSecret)] : [])]
}

/** Its endpoint was switched off or paused meanwhile. Asked again: what is held after it is on again stays held. */
const hold = ({ app, jobs }: Context, { id, endpointId }: Delivery, job: JobRun<DeliverData, PluginTx>) =>
  app.db.transaction(async (tx) => {
    const { deliveries, endpoints } = app.tables
    const [endpoint] = await tx.select().from(endpoints).where(eq(endpoints.id, endpointId))
    if (endpoint?.state === 'active') await jobs.deliver.schedule(tx, { deliveryId: id }, { key: id })
    else
      await tx
        .update(deliveries)
        .set({ state: 'held', nextAt: null })
        .where(and(eq(deliveries.id, id), eq(deliveries.state, 'waiting')))
    await job.complete(tx)
  })

const comeAgain = (
  { app, jobs }: Context,
  lanes: Lanes,
  { id, endpointId }: Delivery,
  job: JobRun<DeliverData, PluginTx>,
) =>
  app.db.transaction(async (tx) => {
    const at = lanes.turn(endpointId, tx.now)
    await jobs.deliver.schedule(tx, { deliveryId: id }, { key: id, at })
    await job.complete(tx)
  })
