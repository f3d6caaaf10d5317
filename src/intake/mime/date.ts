// The Date header (RFC 5322 §3.3 and its obsolete forms). Libraries make "now" of what they cannot read, and
// a mail that is always new jumps about in every list; here it is null.

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** RFC 5322 §4.3. Other letters mean "unknown", that is +0000. */
const ZONES: Record<string, number> = {
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
}
const FORM =
  /^(?:[a-z]{2,9}\.?,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]{0,6}\.?[\s-]+(\d{2,4})[\s,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:\.\d{1,9})?)?\s*(?:([+-])(\d{2}):?(\d{2})|([a-z]{1,5}))?/i

export function parseDate(header: string | undefined): Date | null {
  if (!header) return null
  const text = header
    .slice(0, 200)
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const m = FORM.exec(text)
  return sane(m ? fromParts(m) : fromIso(text))
}

function fromParts(m: RegExpExecArray): number {
  const month = MONTHS.indexOf(m[2]!.toLowerCase())
  let year = Number(m[3])
  // RFC 5322 §4.3: two digits below 50 are 20xx, everything else of two or three counts from 1900.
  if (m[3]!.length < 4) year += m[3]!.length === 2 && year < 50 ? 2000 : 1900
  const [day, hour, minute, second] = [Number(m[1]), Number(m[4]), Number(m[5]), Number(m[6] ?? 0)]
  if (month < 0 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return Number.NaN
  const offset = m[7]
    ? (m[7] === '-' ? -1 : 1) * (Number(m[8]) * 60 + Number(m[9]))
    : (ZONES[(m[10] ?? '').toLowerCase()] ?? 0)
  if (Math.abs(offset) > 14 * 60) return Number.NaN
  return Date.UTC(year, month, day, hour, minute, second) - offset * 60_000
}

function fromIso(text: string): number {
  return /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN
}

function sane(time: number): Date | null {
  return time >= 0 && time < Date.UTC(2100, 0, 1) ? new Date(time) : null
}
