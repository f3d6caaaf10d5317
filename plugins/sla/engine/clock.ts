// What a timer is measured on: the clock of the world, or the opening hours of a calendar version. Instants and
// lengths are milliseconds; the hours of a year are laid out once, and then everything is a binary search.
import type { Hours, Window } from '../calendar/hours.js'
import { weekdays } from '../calendar/hours.js'
import { type Zone, zoneOf } from './zone.js'

export const DAY = 86_400_000
/** Where no deadline was found within two years there is none. */
const HORIZON = 2 * 366 * DAY

export interface Clock {
  /** Counted time from `from` to `to`. */
  elapsed(from: number, to: number): number
  /** The instant at which `ms` have been counted since `from`; null: not within two years. */
  due(from: number, ms: number): number | null
  /** The spans that are counted between two instants, in order. */
  open(from: number, to: number): Span[]
}

export interface Span {
  readonly from: number
  readonly to: number
}

export const world: Clock = {
  elapsed: (from, to) => Math.max(0, to - from),
  due: (from, ms) => from + ms,
  open: (from, to) => (to > from ? [{ from, to }] : []),
}

/** The windows of one civil year: `before[i]` is what is open in the year before window `i`. */
interface Year {
  readonly begin: number
  readonly end: number
  readonly from: Float64Array
  readonly to: Float64Array
  readonly before: Float64Array
  readonly total: number
}

export class OpenHours implements Clock {
  readonly #years = new Map<number, Year>()
  readonly #zone: Zone
  #last: Year | undefined

  /** @throws RangeError where there is no such time zone. */
  constructor(readonly hours: Hours) {
    this.#zone = zoneOf(hours.timeZone)
  }

  elapsed(from: number, to: number): number {
    if (to <= from) return 0
    let year = this.#at(from)
    let sum = -counted(year, from)
    while (to >= year.end) {
      sum += year.total
      year = this.#at(year.end)
    }
    return sum + counted(year, to)
  }

  due(from: number, ms: number): number | null {
    if (ms <= 0) return from
    const last = from + HORIZON
    let year = this.#at(from)
    let need = counted(year, from) + ms
    while (need > year.total) {
      need -= year.total
      if (year.end > last) return null
      year = this.#at(year.end)
    }
    // The first window that is long enough: a target that is reached exactly at closing time ends there.
    let low = 0
    let high = year.from.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (year.before[middle]! < need) low = middle
      else high = middle - 1
    }
    const due = year.from[low]! + (need - year.before[low]!)
    return due > last ? null : due
  }

  open(from: number, to: number): Span[] {
    const found: Span[] = []
    for (let year = this.#at(from); year.begin < to; year = this.#at(year.end)) {
      for (let i = Math.max(0, indexAt(year, from)); i < year.from.length && year.from[i]! < to; i++) {
        const span = { from: Math.max(from, year.from[i]!), to: Math.min(to, year.to[i]!) }
        if (span.to > span.from) found.push(span)
      }
    }
    return found
  }

  /** Why the dates that `from` to `to` touch are closed, where the week alone would have them open. */
  holidays(from: number, to: number): { date: string; why: string }[] {
    const found: { date: string; why: string }[] = []
    for (let day = this.#dayOf(from); day <= this.#dayOf(to - 1); day += DAY) {
      const date = isoDate(day)
      const why = this.hours.closed[date] ?? this.hours.closedYearly[date.slice(5)]
      const week = this.hours.hours[weekdays[(new Date(day).getUTCDay() + 6) % 7]!] ?? []
      if (why !== undefined && week.length > 0) found.push({ date, why })
    }
    return found
  }

  #dayOf(at: number) {
    return Math.floor((at + this.#zone.offset(at)) / DAY) * DAY
  }

  #at(instant: number): Year {
    if (this.#last && instant >= this.#last.begin && instant < this.#last.end) return this.#last
    let number = new Date(instant + this.#zone.offset(instant)).getUTCFullYear()
    let year = this.#year(number)
    while (instant < year.begin) year = this.#year(--number)
    while (instant >= year.end) year = this.#year(++number)
    this.#last = year
    return year
  }

  #year(number: number): Year {
    let year = this.#years.get(number)
    if (!year) {
      year = layOut(this.hours, this.#zone, number)
      this.#years.set(number, year)
    }
    return year
  }
}

/** The last window that begins at or before `at`; -1: there is none. */
function indexAt(year: Year, at: number): number {
  let low = -1
  let high = year.from.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (year.from[middle]! <= at) low = middle
    else high = middle - 1
  }
  return low
}

function counted(year: Year, at: number): number {
  const i = indexAt(year, at)
  return i < 0 ? 0 : year.before[i]! + Math.min(at, year.to[i]!) - year.from[i]!
}

function layOut(hours: Hours, zone: Zone, number: number): Year {
  const first = Date.UTC(number, 0, 1)
  const week = weekdays.map((day) =>
    (hours.hours[day] ?? []).map(minutesOfWindow).sort((a, b) => a[0] - b[0]),
  )
  const closed = new Set(Object.keys(hours.closed).map((date) => Date.parse(date)))
  // Not each year has a 29th of February; the parser would make it the 1st of March.
  for (const day of Object.keys(hours.closedYearly)) {
    const at = Date.parse(`${number}-${day}`)
    if (isoDate(at).endsWith(day)) closed.add(at)
  }
  const breaks = new Map(Object.entries(hours.breaks).map(([date, list]) => [Date.parse(date), list]))
  const from: number[] = []
  const to: number[] = []
  let last = Number.NEGATIVE_INFINITY
  let weekday = (new Date(first).getUTCDay() + 6) % 7
  for (let day = first; day < Date.UTC(number + 1, 0, 1); day += DAY, weekday = (weekday + 1) % 7) {
    if (closed.has(day)) continue
    const pauses = breaks.get(day)
    const windows = pauses ? pauses.map(minutesOfWindow).reduce(without, week[weekday]!) : week[weekday]!
    for (const [open, close] of windows) {
      // A change of the offset can push a window into the next one: no instant is counted twice.
      const start = Math.max(last, zone.instant(day, open) ?? Number.POSITIVE_INFINITY)
      const stop = zone.instant(day, close) ?? Number.NEGATIVE_INFINITY
      if (stop <= start) continue
      from.push(start)
      to.push(stop)
      last = stop
    }
  }
  return {
    begin: startOf(zone, number),
    end: startOf(zone, number + 1),
    from: Float64Array.from(from),
    to: Float64Array.from(to),
    ...running(from, to),
  }
}

function running(from: readonly number[], to: readonly number[]) {
  const before = new Float64Array(from.length)
  let total = 0
  for (let i = 0; i < from.length; i++) {
    before[i] = total
    total += to[i]! - from[i]!
  }
  return { before, total }
}

const startOf = (zone: Zone, year: number): number => {
  const day = Date.UTC(year, 0, 1)
  return zone.instant(day, 0) ?? zone.instant(day + DAY, 0)!
}

const isoDate = (day: number): string => new Date(day).toISOString().slice(0, 10)

export const minutesOf = (time: string): number => Number(time.slice(0, -3)) * 60 + Number(time.slice(-2))

type Minutes = readonly [open: number, close: number]

const minutesOfWindow = ([open, close]: Window): Minutes => [minutesOf(open), minutesOf(close)]

const without = (windows: readonly Minutes[], [from, to]: Minutes): readonly Minutes[] =>
  windows.flatMap(([open, close]): Minutes[] =>
    to <= open || from >= close
      ? [[open, close]]
      : ([
          [open, Math.min(close, from)],
          [Math.max(open, to), close],
        ].filter(([a, b]) => b! > a!) as unknown as Minutes[]),
  )
