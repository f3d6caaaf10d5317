// Calendars: when is somebody there. What the rest of the plugin needs of them.
import { DAY, MINUTE } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { CalendarOptions, Context } from './context.js'
import type { CalendarDefinition } from './definition.js'
import { askFeeds, feedHealth, feedJob } from './feed.js'
import type { Hours } from './hours.js'
import { createFetch } from './net/fetch.js'
import { prepare } from './prepare.js'
import { roll } from './roll.js'
import { calendarRoutes } from './routes.js'
import { sourceRoutes } from './source-routes.js'

export interface Calendars {
  /** What the definition of a calendar comes to, without its feed. @throws DeskError with the field. */
  resolve(definition: CalendarDefinition): Promise<Hours>
}

/** Registers routes, jobs and the health line. */
export function setUpCalendars(app: App, options: CalendarOptions = {}): Calendars {
  const context: Context = {
    fetch: createFetch(),
    ...options,
    app,
    jobs: {
      feed: app.job(
        'feed',
        feedJob(() => context),
      ),
    },
  }
  app.job('feeds', { every: 15 * MINUTE, run: () => askFeeds(context) })
  app.job('roll', { every: DAY, timeoutMs: 10 * MINUTE, run: () => roll(context) })
  app.health('feeds', () => feedHealth(context))
  sourceRoutes(context)
  calendarRoutes(context)
  return { resolve: (definition) => prepare(context, definition, {}) }
}
