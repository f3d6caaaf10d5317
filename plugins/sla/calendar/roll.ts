// Once a day: what libraries, feeds and files say about the years that have come into sight. Usually that is nothing
// new; at the turn of a year it is one more year.
import { DeskError } from 'frontdesk/plugin'
import type { Context } from './context.js'
import { lookUp, opens } from './prepare.js'
import { type Current, listCalendars, sourcesOf } from './read.js'
import { resolve } from './resolve.js'
import { takeHours } from './store.js'

export async function roll(context: Context): Promise<void> {
  const { app } = context
  for (const current of await listCalendars(app, app.db)) {
    try {
      await rollOne(context, current)
    } catch (error) {
      // Each stands for itself: the others have their turn of the year too.
      if (!(error instanceof DeskError)) throw error
      app.log.warn(
        { calendarId: current.calendar.id, error: error.message },
        'a calendar keeps its old holidays',
      )
    }
  }
}

async function rollOne(context: Context, current: Current): Promise<void> {
  const { app } = context
  const { calendar, newest } = current
  const { feed, file } = await sourcesOf(app, app.db, calendar.id)
  const { definition } = newest
  if (!definition.publicHolidays && !feed && !file) return
  const now = app.clock.now()
  const found = await lookUp(definition, { ...(feed && { feed }), ...(file && { file }) }, now)
  const hours = resolve(definition, found)
  // Who has changed it meanwhile has looked everything up anew; a calendar that never opens helps nobody.
  if (opens(hours, now)) await app.db.transaction((tx) => takeHours(context, tx, current, hours, null))
}
