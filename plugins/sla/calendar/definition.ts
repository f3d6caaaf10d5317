// A calendar as an administrator writes it.
import type { Weekday, Window } from './hours.js'

export interface CalendarDefinition {
  readonly timeZone: string
  readonly hours: Readonly<Partial<Record<Weekday, readonly Window[]>>>
  /** `2026-05-01`, or `12-25` for every year. */
  readonly holidays?: readonly { readonly date: string; readonly name?: string }[]
  readonly publicHolidays?: { readonly country: string; readonly region?: string }
  readonly feed?: { readonly url: string }
  readonly breaks?: Readonly<Record<string, readonly Window[]>>
  readonly minutesPerDay?: number
}
