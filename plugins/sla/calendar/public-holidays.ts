// Public holidays of countries and regions. The library has rules for the whole world, so it is loaded only when a
// calendar names a country.
import { Temporal } from 'temporal-polyfill'

export interface Place {
  readonly country: string
  /** `BE`; `BY-A` where a region has parts. */
  readonly region?: string
}

/** First and last year, both of them included. */
export type Years = readonly [first: number, last: number]

/** A deadline is looked for in two years at most; the rest is room for a server that is off for long. */
export const yearsAround = (now: Date): Years => [now.getUTCFullYear() - 2, now.getUTCFullYear() + 4]

const load = async () => (await import('date-holidays')).default

export async function placeProblem({
  country,
  region,
}: Place): Promise<{ field: 'country' | 'region'; message: string } | undefined> {
  const Holidays = await load()
  const all = new Holidays()
  const countries = Object.keys(all.getCountries())
  if (!countries.includes(country))
    return {
      field: 'country',
      message: `there are no public holidays of it; there are: ${countries.join(', ')}`,
    }
  if (region === undefined) return undefined
  const states = Object.keys(all.getStates(country) ?? {})
  const [state, part] = region.split('-') as [string, string?]
  if (!states.includes(state)) return { field: 'region', message: listed(`in ${country}`, states) }
  const parts = Object.keys(all.getRegions(country, state) ?? {}).map((one) => `${state}-${one}`)
  return part === undefined || parts.includes(region)
    ? undefined
    : { field: 'region', message: listed(`in ${country}-${state}`, parts) }
}

const listed = (where: string, names: readonly string[]) =>
  names.length > 0
    ? `there is no such region ${where}; there are: ${names.join(', ')}`
    : `there are no regions ${where}: leave it out`

/** Only those of the type `public`, and whole days. Names are in the first language of the country. */
export async function publicHolidays(place: Place, [first, last]: Years): Promise<Record<string, string>> {
  const Holidays = await load()
  const rules = new Holidays({ country: place.country, ...stateOf(place) }, { types: ['public'] })
  const dates: Record<string, string> = {}
  for (let year = first; year <= last; year++)
    for (const { date, start, end, name } of rules.getHolidays(year))
      for (const day of wholeDays(date, start, end)) dates[day] ??= name
  return dates
}

function stateOf({ region }: Place): { state?: string; region?: string } {
  const [state, part] = region?.split('-') ?? []
  return { ...(state && { state }), ...(part && { region: part }) }
}

const HOUR = 3_600_000

/**
 * The text begins with the civil date. Its hours are no use: a holiday of the Hebrew or Islamic calendar begins on the
 * evening before. Days have 23 to 25 hours; what is shorter is no whole day (the afternoon of Christmas Eve).
 */
function wholeDays(date: string, start: Date, end: Date): string[] {
  if (!/^\d{4}-\d\d-\d\d 00:00:00/.test(date)) return []
  const days = Math.floor((end.getTime() - start.getTime() + 2 * HOUR) / (24 * HOUR))
  const begin = Temporal.PlainDate.from(date.slice(0, 10))
  return Array.from({ length: days }, (_, index) => begin.add({ days: index }).toString())
}
