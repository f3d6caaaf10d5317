// The lines of a text and what they are to the reply splitter: quoted, blank, the announcement of a quote, or
// the first line of a pasted mail header. Everything looks at a fixed number of neighbours at most.
import { limits } from './limits.js'
import { headerKind, INTRO_START, isIntro, isOriginalMessage, YOU_WROTE } from './reply-patterns.js'

export interface Line {
  start: number
  /** The first characters: patterns are tried on these only. */
  text: string
  blank: boolean
  quoted: boolean
}

/** Lines `from` up to `to` (exclusive) announce what follows. */
export interface Intro {
  from: number
  to: number
  /** The words of a person rather than of a program: nothing without marks is hidden after them. */
  personal: boolean
}

export function splitLines(text: string): Line[] {
  const lines: Line[] = []
  for (let start = 0; start <= text.length; ) {
    const lf = text.indexOf('\n', start)
    const end = lf < 0 ? text.length : lf
    const piece = text.slice(start, Math.min(end, start + limits.patternLine))
    const trimmed = piece.trim()
    lines.push({ start, text: piece, blank: trimmed === '', quoted: /^(?:>|\|\s?>)/.test(trimmed) })
    start = end + 1
  }
  return lines
}

const WRAPPED = 4

/** All announcements, in order. A wrapped one is found from its last line, the one with the colon. */
export function findIntros(lines: Line[]): Intro[] {
  const intros: Intro[] = []
  let floor = 0
  for (let end = 0; end < lines.length; end++) {
    const line = lines[end]!
    // A single ">:" is the wrapped end of "<address>:" and not a quote.
    if (line.blank || (line.quoted && !/^>\s*(?:\p{L}+\s*){0,2}[:：]\s*$/u.test(line.text.trim()))) continue
    const from = introStart(lines, floor, end)
    if (from === null) continue
    intros.push({ from, to: end + 1, personal: YOU_WROTE.test(line.text.trim()) })
    floor = end + 1
  }
  return intros
}

function introStart(lines: Line[], floor: number, end: number): number | null {
  const lowest = Math.max(floor, end - WRAPPED + 1)
  let joined = ''
  let found: number | null = null
  for (let i = end; i >= lowest; i--) {
    const line = lines[i]!
    if (line.blank || (line.quoted && i < end)) break
    joined = joined === '' ? line.text.trim() : `${line.text.trim()} ${joined}`
    if (joined.length > limits.patternLine) break
    if (found === null) {
      if (isIntro(joined)) found = i
      // Only a colon at the end makes it worth looking at the lines before.
      else if (!/[:：]$/.test(joined)) break
    } else if (INTRO_START.test(line.text) && /\d/.test(line.text) && !/[.!?]$/.test(line.text.trim()))
      found = i
  }
  return found
}

/**
 * The first line of a pasted header block (From, Sent, To, Subject …) or "Original Message" line, or null.
 */
export function findEmbedded(lines: Line[], from: number): number | null {
  for (let i = from; i < lines.length; i++) {
    const line = lines[i]!
    if (line.blank || line.quoted) continue
    if (isOriginalMessage(line.text)) return withRuler(lines, i, from)
    if (headerKind(line.text) === 'from' && isHeaderBlock(lines, i) && !afterForward(lines, i))
      return withRuler(lines, i, from)
  }
  return null
}

function isHeaderBlock(lines: Line[], first: number): boolean {
  const kinds = new Set<string>()
  let blanks = 0
  let others = 0
  for (let i = first; i < Math.min(lines.length, first + 14); i++) {
    const line = lines[i]!
    if (line.blank) {
      if (++blanks > 1 && kinds.size > 2) break
      continue
    }
    const kind = headerKind(line.text)
    if (kind) kinds.add(kind)
    else if (++others > 4) break
  }
  if (kinds.size >= 3) return true
  return kinds.has('date') && lines[first]!.text.includes('@')
}

/** A forwarded mail is what the sender wants read: it is not folded. */
function afterForward(lines: Line[], at: number): boolean {
  for (let i = at - 1; i >= Math.max(0, at - 2); i--) {
    if (
      /^[\s>]*-{4,}[\s*]*(?:forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|videresendt|vidarebefordrat|przekazana wiadomość|přeposlaná zpráva|пересылаемое|転送)/iu.test(
        lines[i]!.text,
      )
    )
      return true
    if (/^[\s>]*begin forwarded message/i.test(lines[i]!.text)) return true
  }
  return false
}

/** A ruler right above belongs to what follows. */
function withRuler(lines: Line[], at: number, floor: number): number {
  let first = at
  for (let i = at - 1; i >= Math.max(floor, at - 3); i--) {
    const line = lines[i]!
    if (/^[\s*]*[-_=–—]{5,}[\s*]*$/.test(line.text)) first = i
    else if (!line.blank) break
  }
  return first
}
