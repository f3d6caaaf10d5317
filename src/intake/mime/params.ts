// `type/subtype; name=value` of Content-Type and Content-Disposition with continuations and charsets
// (RFC 2231), encoded words in quotes (forbidden by RFC 2047 §5 and everywhere) and unquoted blanks.
import { decodeBytes } from './charset.js'
import { decodeWords, hex } from './words.js'

export interface HeaderValue {
  value: string
  params: Map<string, string>
}

interface Piece {
  index: number
  text: string
  encoded: boolean
}

export function parseParams(header: string): HeaderValue {
  const parts = splitSemicolons(header)
  const value = (parts[0] ?? '').replace(/\(.*$/, '').trim().toLowerCase()
  const params = new Map<string, string>()
  const pieces = new Map<string, Piece[]>()
  for (const part of parts.slice(1, 100)) {
    const equals = part.indexOf('=')
    if (equals < 1) continue
    const rawName = part.slice(0, equals).trim().toLowerCase()
    const text = unquote(part.slice(equals + 1).trim())
    const star = /^([^*]+)\*(?:(\d{1,3})(\*)?)?$/.exec(rawName)
    if (!star) {
      if (!params.has(rawName)) params.set(rawName, decodeWords(text))
      continue
    }
    const list = pieces.get(star[1]!) ?? []
    if (list.length === 0) pieces.set(star[1]!, list)
    list.push({ index: Number(star[2] ?? 0), text, encoded: star[2] === undefined || star[3] === '*' })
  }
  // The extended form wins over the plain one, which is there for old readers (RFC 6266 §4.3).
  for (const [name, list] of pieces) params.set(name, joinPieces(list))
  return { value, params }
}

function joinPieces(list: Piece[]): string {
  list.sort((a, b) => a.index - b.index)
  let charset: string | null = null
  const bytes: Buffer[] = []
  for (const [i, piece] of list.entries()) {
    let text = piece.text
    if (i === 0 && piece.encoded) {
      const quoted = /^([^']{0,60})'[^']{0,60}'/.exec(text)
      if (quoted) {
        charset = quoted[1]!
        text = text.slice(quoted[0].length)
      }
    }
    bytes.push(piece.encoded ? percentBytes(text) : Buffer.from(text))
  }
  return decodeWords(decodeBytes(Buffer.concat(bytes), charset))
}

function percentBytes(text: string): Buffer {
  const bytes = Buffer.from(text)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const high = bytes[i] === 0x25 ? hex(bytes[i + 1]) : -1
    const low = high >= 0 ? hex(bytes[i + 2]) : -1
    if (low >= 0) i += 2
    bytes[length++] = low >= 0 ? high * 16 + low : bytes[i]!
  }
  return bytes.subarray(0, length)
}

function splitSemicolons(header: string): string[] {
  const parts: string[] = []
  let quoted = false
  let start = 0
  for (let i = 0; i < header.length; i++) {
    const c = header[i]
    if (c === '\\' && quoted) i++
    else if (c === '"') quoted = !quoted
    else if (c === ';' && !quoted) {
      parts.push(header.slice(start, i))
      start = i + 1
    }
  }
  parts.push(header.slice(start))
  return parts
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text
  const inner = text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text.slice(1)
  // Only \" and \\ are escapes in practice: Windows paths come with single backslashes.
  return inner.replace(/\\(["\\])/g, '$1')
}
