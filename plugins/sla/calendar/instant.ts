// An instant as people write it. `Date.parse` takes 30 February for 2 March, so its date is looked at first.
import { isDate } from './civil.js'

const SHAPE =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)$/

/** Opening hours are laid out year by year: thousands of them would keep everybody waiting. */
const FIRST = 0
const END = Date.UTC(2200, 0)

/** @returns milliseconds, or what is wrong with it. */
export function readInstant(text: string): number | string {
  const date = /^\d{4}-\d\d-\d\d/.exec(text)?.[0]
  if (date !== undefined && !isDate(date)) return `there is no ${date} in any calendar`
  const at = SHAPE.test(text) ? Date.parse(text) : Number.NaN
  if (at < FIRST || at >= END) return 'must lie in the years 1970 to 2199'
  return Number.isNaN(at) ? 'write an instant with its offset: 2026-03-03T09:00:00Z' : at
}
