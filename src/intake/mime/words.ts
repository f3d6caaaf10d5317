// Encoded words in headers (RFC 2047), also where they are broken: unencoded blanks and question marks in
// them, characters split over two words, unknown charsets. Linear, whatever the header holds.
import { decodeBytes, normaliseLabel } from './charset.js'

const OPENING = /=\?([^?\s]{1,60})\?([bBqQ])\?/y

export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text
  let out = ''
  // Words of one charset side by side are joined as bytes: a character may be cut in half between them.
  let run: Buffer[] = []
  let runCharset = ''
  const flush = () => {
    if (run.length > 0) out += decodeBytes(run.length === 1 ? run[0]! : Buffer.concat(run), runCharset)
    run = []
  }
  let at = 0
  let end = -1
  while (at < text.length) {
    const start = text.indexOf('=?', at)
    if (start < 0) break
    OPENING.lastIndex = start
    const opening = OPENING.exec(text)
    const from = OPENING.lastIndex
    // Q text may begin with '=': the end is looked for after the opening only, and not again once it is
    // known.
    if (opening && end < from) end = text.indexOf('?=', from)
    if (opening && end < 0) break
    if (!opening || text.slice(from, Math.min(end, from + 4000)).includes('=?')) {
      flush()
      out += text.slice(at, start + 2)
      at = start + 2
      continue
    }
    const between = text.slice(at, start)
    if (run.length === 0 || between.trim() !== '') {
      flush()
      out += between
    }
    const charset = normaliseLabel(opening[1])
    if (charset !== runCharset) flush()
    runCharset = charset
    run.push(wordBytes(opening[2]!, text.slice(from, end)))
    at = end + 2
  }
  flush()
  return out + text.slice(at)
}

function wordBytes(encoding: string, payload: string): Buffer {
  if (encoding === 'b' || encoding === 'B') return Buffer.from(payload, 'base64')
  return decodeQ(payload)
}

function decodeQ(payload: string): Buffer {
  const bytes = Buffer.from(payload.replace(/=\s+(?=[0-9a-fA-F])/g, '='))
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]!
    if (c === 0x5f) bytes[length++] = 0x20
    else if (c === 0x3d && hex(bytes[i + 1]) >= 0 && hex(bytes[i + 2]) >= 0) {
      bytes[length++] = hex(bytes[i + 1]) * 16 + hex(bytes[i + 2])
      i += 2
    } else bytes[length++] = c
  }
  return bytes.subarray(0, length)
}

/** The value of a hexadecimal digit given as a byte, or -1. */
export function hex(c: number | undefined): number {
  if (c === undefined) return -1
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  const upper = c & 0xdf
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1
}
