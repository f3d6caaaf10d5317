// The targets of a policy as rules of the engine, with the calendar version that held at the time.
import type { Hours } from '../calendar/hours.js'
import type { Calendar, Rule } from '../engine/timer.js'
import { lengthOf } from './duration.js'
import { pausesOf } from './pauses.js'
import type { Target } from './target.js'

export interface CalendarVersion {
  readonly version: number
  /** Milliseconds. */
  readonly at: number
  readonly calendar: Calendar
}

/** All versions of a calendar, the oldest first. */
export type Calendars = (calendarId: string) => readonly CalendarVersion[]

export const versionAt = (versions: readonly CalendarVersion[], at: number): Calendar | undefined =>
  (versions.findLast((one) => one.at <= at) ?? versions[0])?.calendar

export const hoursOf = (calendar: Calendar): Hours => calendar.clock.hours

export const rulesOf = (targets: readonly Target[], calendar: Calendar): Rule[] =>
  targets.map(({ metric, within, pauseWhile }) => {
    const length = lengthOf(within, hoursOf(calendar))
    if (!length) throw new Error(`a saved target says "${within}"`)
    return {
      metric,
      target: length.ms,
      calendar: length.business ? calendar : null,
      pauseWhile: pausesOf(metric, pauseWhile),
    }
  })
