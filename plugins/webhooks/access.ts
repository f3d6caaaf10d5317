// Which endpoints and deliveries somebody may reach. Somebody who sees some inboxes must not get at the tickets of
// others by a webhook, neither by making one nor by reading its log.
import { and, eq, inArray, type SQL } from 'drizzle-orm'
import { type Caller, fail, type PluginReader } from 'frontdesk/plugin'
import type { Context } from './context.js'
import type { Delivery, Endpoint } from './tables.js'

export const reaches = ({ inboxIds: own }: Caller, { inboxIds }: Pick<Endpoint, 'inboxIds'>): boolean =>
  own === null || (inboxIds.length > 0 && inboxIds.every((id) => own.includes(id)))

export async function endpointOf(
  { app }: Context,
  r: PluginReader,
  who: Caller,
  id: string,
): Promise<Endpoint> {
  const { endpoints } = app.tables
  const [endpoint] = await r.select().from(endpoints).where(eq(endpoints.id, id))
  if (!endpoint || !reaches(who, endpoint)) throw fail('not_found')
  return endpoint
}

/** Also of an own endpoint: it may have had other filters when this was sent. */
export const visible = ({ app }: Context, { inboxIds }: Caller): SQL | undefined =>
  inboxIds === null ? undefined : inArray(app.tables.deliveries.inboxId, [...inboxIds])

export async function deliveryOf(
  context: Context,
  r: PluginReader,
  who: Caller,
  id: string,
): Promise<{ delivery: Delivery; endpoint: Endpoint }> {
  const { deliveries } = context.app.tables
  const [delivery] = await r
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.id, id), visible(context, who)))
  if (!delivery) throw fail('not_found')
  return { delivery, endpoint: await endpointOf(context, r, who, delivery.endpointId) }
}
