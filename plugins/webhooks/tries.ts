// When a failed delivery is tried again.
import { after, DAY, HOUR, MINUTE, SECOND } from 'frontdesk/plugin'

/** After the first, second … failed try. Together a little under three days. */
export const DELAYS = [
  10 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  8 * HOUR,
  12 * HOUR,
  12 * HOUR,
  12 * HOUR,
  12 * HOUR,
]

const GIVE_UP = 3 * DAY
/** Longer than this nobody may tell us to wait. */
const LONGEST_WISH = 12 * HOUR

/**
 * @param attempts failed so far.
 * @param since the first try.
 * @param wish milliseconds that the receiver asks for.
 * @returns null: given up.
 */
export function nextTry(attempts: number, since: Date, now: Date, wish: number | null): Date | null {
  const delay = DELAYS[attempts - 1]
  if (delay === undefined) return null
  // Earlier by up to a tenth: what failed together does not return together.
  const usual = delay * (1 - Math.random() / 10)
  const at = after(now, Math.max(usual, Math.min(wish ?? 0, LONGEST_WISH)))
  return at <= after(since, GIVE_UP) ? at : null
}

/** Retry-After in milliseconds (RFC 9110 §10.2.3): seconds, or a date. */
export function retryAfter(value: string | undefined, now: Date): number | null {
  if (value === undefined) return null
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * SECOND
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : Math.max(at - now.getTime(), 0)
}
