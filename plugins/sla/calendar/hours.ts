// What due times are computed from: the opening hours of one calendar version, with every holiday looked up. It is
// data alone, so that the same version gives the same instants for ever, whatever a library or a feed says later.

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

/** Civil times `HH:MM` of one date, half open; the close can be `24:00`. */
export type Window = readonly [open: string, close: string]

export interface Hours {
  /** IANA name. */
  readonly timeZone: string
  /** No entry: closed on that day of the week. A night shift is two windows, each of its own date. */
  readonly hours: Readonly<Partial<Record<Weekday, readonly Window[]>>>
  /** Dates (`2026-05-01`) that are closed, and why. */
  readonly closed: Readonly<Record<string, string>>
  /** Days (`12-25`) that are closed each year, and why. */
  readonly closedYearly: Readonly<Record<string, string>>
  /** Windows of one date that are taken out of its opening hours. */
  readonly breaks: Readonly<Record<string, readonly Window[]>>
  /** What "a business day" counts, in minutes; default: the mean of the days of the week that are open. */
  readonly minutesPerDay?: number
}
