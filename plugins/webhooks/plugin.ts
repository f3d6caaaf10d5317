// The definition, with what its tests replace.
import { and, eq } from 'drizzle-orm'
import { definePlugin, HOUR, MINUTE, SECOND } from 'frontdesk/plugin'
import { forget, release, replay } from './backlog.js'
import type { App, Context, DeliverData, ReplayData } from './context.js'
import { deliver } from './deliver.js'
import { deliveryRoutes } from './deliveries.js'
import { endpointRoutes } from './endpoints.js'
import { fanOut } from './fan-out.js'
import { createLanes } from './lanes.js'
import { createSender, type SenderOptions } from './send.js'
import { permissions, settings } from './settings.js'
import { tables } from './tables.js'
import { upkeep } from './upkeep.js'

export const createWebhooks = (options: SenderOptions = {}) =>
  definePlugin({
    name: 'webhooks',
    version: '1.0.0',
    api: '^1.0.0',
    description: 'Sends the events of the desk to other systems, signed, until they arrive.',
    tables,
    migrations: new URL('./migrations/', import.meta.url),
    settings,
    permissions,
    setup(app: App) {
      const context: Context = { app, send: createSender(options), jobs: jobsOf(app, () => context) }
      app.onEvery('deliveries', (event, payload, job) => fanOut(context, event, payload, job), {
        timeoutMs: MINUTE,
      })
      endpointRoutes(context)
      deliveryRoutes(context)
      app.health('receivers', async () => {
        const { endpoints } = app.tables
        const rows = await app.db.select({ state: endpoints.state }).from(endpoints)
        const paused = rows.filter(({ state }) => state === 'paused').length
        return { ok: paused === 0, detail: `${paused} of ${rows.length} paused` }
      })
    },
  })

function jobsOf(app: App, context: () => Context): Context['jobs'] {
  const lanes = createLanes()
  const { deliveries } = app.tables
  app.job('upkeep', { every: HOUR, timeoutMs: 10 * MINUTE, run: () => upkeep(context()) })
  return {
    deliver: app.job<DeliverData>('deliver', {
      // Many, because nearly all the time of one is waiting for others.
      concurrency: 20,
      timeoutMs: 30 * SECOND,
      run: (job) => deliver(context(), lanes, job),
      // The tries of a delivery are counted in its row: this is a fault of our own, ten times.
      async dead(tx, { deliveryId }, error) {
        await tx
          .update(deliveries)
          .set({ state: 'failed', nextAt: null, error: `It could not be sent: ${error}`.slice(0, 1000) })
          .where(and(eq(deliveries.id, deliveryId), eq(deliveries.state, 'waiting')))
      },
    }),
    release: app.job('release', { run: (job) => release(context(), job) }),
    replay: app.job<ReplayData>('replay', { run: (job) => replay(context(), job) }),
    forget: app.job('forget', { run: (job) => forget(context(), job) }),
  }
}
