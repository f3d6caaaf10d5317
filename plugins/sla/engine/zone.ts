// Civil times of one zone as instants. Away from a change of its offset that is a subtraction; near one Temporal
// decides, with its `compatible` rule: a time that does not exist is the later one, one that exists twice the earlier.
import { Temporal } from 'temporal-polyfill'

const HOUR = 3_600_000
/** No change of an offset has moved a clock by more than a day (Samoa, 2011). */
const NEAR = 26 * HOUR

interface Stretch {
  /** From this instant on the offset holds, until the next stretch. */
  readonly from: number
  readonly offset: number
}

export interface Zone {
  readonly name: string
  /**
   * @param day midnight of the civil date as if it were UTC, in milliseconds.
   * @param minutes since midnight, up to 1440.
   * @returns undefined where the zone has left out the whole date.
   */
  instant(day: number, minutes: number): number | undefined
  /** Milliseconds to add to this instant for its civil time. */
  offset(at: number): number
}

const zones = new Map<string, Zone>()
const MOST_ZONES = 600

/** @throws RangeError where there is no such zone. */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name)
  if (!zone) {
    zone = makeZone(name)
    if (zones.size >= MOST_ZONES) zones.clear()
    zones.set(name, zone)
  }
  return zone
}

function makeZone(name: string): Zone {
  new Intl.DateTimeFormat('en', { timeZone: name })
  const years = new Map<number, readonly Stretch[]>()
  const stretchesOf = (year: number) => {
    let found = years.get(year)
    if (!found) {
      found = stretches(name, year)
      years.set(year, found)
    }
    return found
  }
  const at = (instant: number) => {
    const list = stretchesOf(new Date(instant).getUTCFullYear())
    let index = list.length - 1
    while (index > 0 && list[index]!.from > instant) index--
    return { list, index }
  }
  return {
    name,
    offset(instant) {
      const { list, index } = at(instant)
      return list[index]!.offset
    },
    instant(day, minutes) {
      const civil = day + minutes * 60_000
      const { list, index } = at(civil)
      const { from, offset } = list[index]!
      const next = list[index + 1]?.from ?? Number.POSITIVE_INFINITY
      if (civil - from > NEAR && next - civil > NEAR) return civil - offset
      return exactly(name, day, minutes)
    },
  }
}

/** The offsets of one year, from two days before it to two days after it. */
function stretches(name: string, year: number): readonly Stretch[] {
  const begin = Date.UTC(year, 0, -1)
  const end = Date.UTC(year + 1, 0, 3)
  let at = Temporal.Instant.fromEpochMilliseconds(begin).toZonedDateTimeISO(name)
  const found: Stretch[] = [{ from: Number.NEGATIVE_INFINITY, offset: at.offsetNanoseconds / 1e6 }]
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    if (!next || next.epochMilliseconds >= end) return found
    found.push({ from: next.epochMilliseconds, offset: next.offsetNanoseconds / 1e6 })
    at = next
  }
}

function exactly(name: string, day: number, minutes: number): number | undefined {
  const date = new Date(day)
  const plain = new Temporal.PlainDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
  if (!plain.toZonedDateTime(name).toPlainDate().equals(plain)) return undefined
  return plain.toPlainDateTime().add({ minutes }).toZonedDateTime(name, { disambiguation: 'compatible' })
    .epochMilliseconds
}
