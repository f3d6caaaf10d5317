// The header block of the raw mail, read by ourselves before any library: a library keeps the last of two
// From headers, loses a mail without headers and takes minutes for 100,000 fields. One pass, linear, bounded.
import { isAscii, isUtf8 } from 'node:buffer'
import { decodeBytes } from './charset.js'
import { limits } from './limits.js'

/** Shown to plugins as they came, besides the headers with a place of their own. */
export const PLUGIN_HEADERS = [
  'auto-submitted',
  'content-language',
  'errors-to',
  'feedback-id',
  'importance',
  'list-archive',
  'list-help',
  'list-id',
  'list-post',
  'list-subscribe',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'organization',
  'precedence',
  'priority',
  'sensitivity',
  'thread-topic',
  'user-agent',
  'x-auto-response-suppress',
  'x-autoreply',
  'x-autorespond',
  'x-failed-recipients',
  'x-mailer',
  'x-msmail-priority',
  'x-originating-ip',
  'x-priority',
  'x-spam-flag',
  'x-spam-level',
  'x-spam-score',
  'x-spam-status',
] as const

const OWN_PLACE = [
  'from',
  'sender',
  'to',
  'cc',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'return-path',
  'delivered-to',
  'x-original-to',
  'envelope-to',
  'thread-index',
  'authentication-results',
  'x-loop',
  'x-frontdesk-loop',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'content-id',
  'mime-version',
]
const KEPT = new Set<string>([...PLUGIN_HEADERS, ...OWN_PLACE])
/** A first line with none of these is a text that happens to have a colon in it. */
const SURELY_HEADERS =
  /^(received|resent-.*|x-.*|content-.*|dkim-.*|arc-.*|list-.*|bcc|keywords|comments|apparently-to)$/

export interface Fields {
  first(name: string): string | undefined
  all(name: string): string[]
  /** The bytes after the header block. */
  body: Buffer
  /** The charset that the mail declares for its text. */
  hint: string | null
  warnings: string[]
}

export function readFields(bytes: Buffer): Fields {
  const values = new Map<string, Buffer[]>()
  const warnings: string[] = []
  const cutNames = new Set<string>()
  let seen = 0
  let known = 0
  let at = 0
  while (at < bytes.length) {
    const lineEnd = endOfLine(bytes, at)
    if (isBlank(bytes, at, lineEnd)) {
      // A line of blanks is an empty continuation (RFC 5322 §4.2) only when the header goes on after it.
      if (bytes[at] === 0x0a || bytes[at] === 0x0d || !goesOn(bytes, lineEnd)) {
        at = lineEnd
        break
      }
      at = lineEnd
      continue
    }
    const colon = nameEnd(bytes, at, lineEnd)
    if (colon < 0) {
      if (isMboxLine(bytes, at) || ((seen > 0 || at === 0) && goesOn(bytes, lineEnd))) {
        at = lineEnd
        continue
      }
      if (seen > 0) warnings.push('header-unterminated')
      break
    }
    const end = endOfField(bytes, lineEnd)
    const name = bytes.toString('latin1', at, colon).trimEnd().toLowerCase()
    seen++
    if (KEPT.has(name)) {
      known++
      const list = values.get(name) ?? []
      if (list.length === 0) values.set(name, list)
      if (list.length < limits.fieldsPerName) list.push(fieldBytes(bytes, colon + 1, end, name, cutNames))
    } else if (SURELY_HEADERS.test(name)) known++
    at = end
  }
  for (const name of cutNames) warnings.push(`header-cut: ${name}`)
  if (known === 0) {
    // No header block: not a word of the text may be lost with it.
    return { first: () => undefined, all: () => [], body: bytes, hint: null, warnings: ['no-headers'] }
  }
  // RFC 6532: 8-bit here should be UTF-8; where it is not, it is mostly the charset of the text.
  const body = bytes.subarray(at)
  const hint = charsetParam(values.get('content-type')?.[0]) ?? charsetParam(body.subarray(0, 4096))
  const all = (name: string) => (values.get(name) ?? []).map((value) => unfold(value, hint))
  return { first: (name) => all(name)[0], all, body, hint, warnings }
}

/** One field as text on one line. */
export function unfold(value: Buffer, hint: string | null): string {
  const text = decodeBytes(value, isAscii(value) || isUtf8(value) ? null : hint)
  return text
    .replace(/\r?\n[ \t]/g, ' ')
    .replace(/[\r\n]+/g, ' ')
    .trim()
}

export function charsetParam(value: Buffer | undefined): string | null {
  if (!value) return null
  return /charset\s{0,3}\*?=\s{0,3}["']?([\w.:-]{2,40})/i.exec(value.toString('latin1'))?.[1] ?? null
}

function fieldBytes(bytes: Buffer, start: number, end: number, name: string, cutNames: Set<string>): Buffer {
  if (end - start <= limits.fieldBytes) return bytes.subarray(start, end)
  cutNames.add(name)
  // Between two entries, not in the middle of an address or of a character.
  const stop = start + limits.fieldBytes
  const comma = Math.max(bytes.lastIndexOf(0x2c, stop), bytes.lastIndexOf(0x20, stop))
  return bytes.subarray(start, comma > stop - 1000 ? comma : stop)
}

function endOfLine(bytes: Buffer, at: number): number {
  const lf = bytes.indexOf(0x0a, at)
  return lf < 0 ? bytes.length : lf + 1
}

function endOfField(bytes: Buffer, lineEnd: number): number {
  let end = lineEnd
  while ((bytes[end] === 0x20 || bytes[end] === 0x09) && !isBlank(bytes, end, endOfLine(bytes, end))) {
    end = endOfLine(bytes, end)
  }
  return end
}

function isBlank(bytes: Buffer, at: number, end: number): boolean {
  for (let i = at; i < end; i++) {
    const c = bytes[i]
    if (c !== 0x20 && c !== 0x09 && c !== 0x0d && c !== 0x0a) return false
  }
  return true
}

/** RFC 5322 §2.2: printable US-ASCII without a colon; blanks before the colon are obsolete but seen. */
function nameEnd(bytes: Buffer, at: number, end: number): number {
  let i = at
  while (i < end && bytes[i]! > 0x20 && bytes[i]! < 0x7f && bytes[i] !== 0x3a && i - at < 200) i++
  if (i === at) return -1
  while (i < end && (bytes[i] === 0x20 || bytes[i] === 0x09)) i++
  return bytes[i] === 0x3a ? i : -1
}

/** Does the header go on after a line that is none? Some gateways wrap fields without the blank in front. */
function goesOn(bytes: Buffer, from: number): boolean {
  let at = from
  for (let line = 0; line < 4 && at < bytes.length; line++) {
    const end = endOfLine(bytes, at)
    if (end - at > 2000 || isBlank(bytes, at, end)) return false
    if (nameEnd(bytes, at, end) > 0) return true
    at = end
  }
  return false
}

function isMboxLine(bytes: Buffer, at: number): boolean {
  const skip = bytes[at] === 0x3e ? 1 : 0
  return bytes.toString('latin1', at + skip, at + skip + 5) === 'From '
}
