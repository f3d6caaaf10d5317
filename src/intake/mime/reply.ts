// Splits a text into what the sender wrote now and what can be folded: quoted mails and signatures. Line by
// line and linear. The rule above all: text that may have been typed stays visible, so when in doubt it is
// not folded.
import { limits } from './limits.js'
import type { Folded } from './message.js'
import { findEmbedded, findIntros, type Intro, type Line, splitLines } from './reply-lines.js'
import { signatureStart } from './signature.js'

export interface SplitText {
  reply: string
  folded: Folded[]
}

/** Line numbers, `to` exclusive. */
interface Range {
  from: number
  to: number
  kind: Folded['kind']
}

export function splitReply(text: string): SplitText {
  const lines = splitLines(text)
  if (lines.length > limits.replyLines) return { reply: text.trim(), folded: [] }
  const ranges = findRanges(lines)
  const folded = ranges.map(({ from, to, kind }) => ({
    start: lines[from]!.start,
    end: to < lines.length ? lines[to]!.start : text.length,
    kind,
  }))
  const reply = withoutFolded(text, folded)
  // Nothing left: a mail that is only a quote or only a signature is shown whole.
  return reply === '' ? { reply: text.trim(), folded: [] } : { reply, folded }
}

function findRanges(lines: Line[]): Range[] {
  const intros = findIntros(lines)
  const inIntro = new Set<number>()
  for (const intro of intros) for (let i = intro.from; i < intro.to; i++) inIntro.add(i)
  // A wrapped announcement may end in a line ">:", which is no quote.
  for (const i of inIntro) lines[i]!.quoted = false
  const typed = (from: number, to: number) => {
    let count = 0
    for (let i = from; i < to; i++) if (!lines[i]!.blank && !lines[i]!.quoted && !inIntro.has(i)) count++
    return count
  }
  const ranges: Range[] = []
  let end = unmarkedQuote(lines, intros, typed)
  if (end < lines.length) ranges.push({ from: end, to: lines.length, kind: 'quote' })
  end = foldTail(lines, intros, end, ranges)
  foldInside(lines, intros, end, typed, ranges)
  return ranges.sort((a, b) => a.from - b.from)
}

/**
 * Where a quote without `>` begins, which then goes on to the end; the number of lines when there is none.
 */
function unmarkedQuote(lines: Line[], intros: Intro[], typed: (from: number, to: number) => number): number {
  const first = lines.findIndex((line) => !line.blank && !line.quoted)
  const embedded = findEmbedded(lines, Math.max(0, first))
  let end = embedded !== null && typed(0, embedded) > 0 ? embedded : lines.length
  for (const intro of intros) {
    if (intro.from >= end) break
    const next = nextFilled(lines, intro.to)
    if (intro.personal || next === null || lines[next]!.quoted) continue
    if (typed(0, intro.from) > 0) {
      end = intro.from
      break
    }
  }
  return end
}

/** From the bottom up: signatures and quotes with nothing typed below them. Returns the new end. */
function foldTail(lines: Line[], intros: Intro[], from: number, ranges: Range[]): number {
  let end = from
  for (let round = 0; round < 40; round++) {
    while (end > 0 && lines[end - 1]!.blank) end--
    if (end === 0) break
    const quote = quoteStart(lines, intros, end)
    const start = quote ?? signatureStart(lines, end)
    if (start === null) break
    ranges.push({ from: start, to: end, kind: quote === null ? 'signature' : 'quote' })
    end = start
  }
  return end
}

/** The first line of the quote (with its announcement) that ends at `end`, or null. */
function quoteStart(lines: Line[], intros: Intro[], end: number): number | null {
  let start = end
  while (start > 0 && (lines[start - 1]!.quoted || lines[start - 1]!.blank || isBrokenLink(lines, start - 1)))
    start--
  while (start < end && lines[start]!.blank) start++
  const introduced = intros.find((intro) => nextFilled(lines, intro.to) === start || intro.to === end)
  if (introduced && introduced.to <= end && (start < end || introduced.to === end)) return introduced.from
  return start < end ? start : null
}

/** The wrapped rest of a long link in a quote. */
function isBrokenLink(lines: Line[], at: number): boolean {
  const [before, line, after] = [lines[at - 1], lines[at]!, lines[at + 1]]
  if (!before?.quoted || !after?.quoted || line.blank) return false
  return before.text.includes('http') && !/\s/.test(line.text.trim())
}

/**
 * Quotes above or between typed text. One alone is folded when the answer stands below it; of several, the
 * answers between them would make no sense without what they answer.
 */
function foldInside(
  lines: Line[],
  intros: Intro[],
  end: number,
  typed: (from: number, to: number) => number,
  ranges: Range[],
): void {
  const runs = quoteRuns(lines, end)
  const only = runs.length === 1 ? runs[0]! : null
  for (const intro of intros) {
    if (intro.to > end) continue
    const next = nextFilled(lines, intro.to)
    if (only && next === only.from) continue
    if (!intro.personal) ranges.push({ from: intro.from, to: intro.to, kind: 'quote' })
  }
  if (!only) return
  const intro = intros.find((one) => nextFilled(lines, one.to) === only.from)
  const from = intro?.from ?? only.from
  if (typed(0, from) === 0 || (intro && typed(only.to, end) <= 3))
    ranges.push({ from, to: only.to, kind: 'quote' })
  else if (intro) ranges.push({ from: intro.from, to: intro.to, kind: 'quote' })
}

function quoteRuns(lines: Line[], end: number): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = []
  for (let i = 0; i < end; i++) {
    if (!lines[i]!.quoted) continue
    const from = i
    let last = i
    while (i + 1 < end && (lines[i + 1]!.quoted || lines[i + 1]!.blank)) if (lines[++i]!.quoted) last = i
    runs.push({ from, to: last + 1 })
  }
  return runs
}

function nextFilled(lines: Line[], from: number): number | null {
  for (let i = from; i < lines.length; i++) if (!lines[i]!.blank) return i
  return null
}

function withoutFolded(text: string, folded: Folded[]): string {
  const pieces: string[] = []
  let at = 0
  for (const { start, end } of folded) {
    pieces.push(text.slice(at, start))
    at = Math.max(at, end)
  }
  pieces.push(text.slice(at))
  const filled = pieces.map((piece) => trimLines(piece)).filter((piece) => piece !== '')
  return filled.join('\n\n')
}

/** Blank lines off both ends; the indent of the first line stays. Without a pattern: `\s+$` is quadratic. */
function trimLines(text: string): string {
  const trimmed = text.trimEnd()
  const start = trimmed.length - trimmed.trimStart().length
  return trimmed.slice(trimmed.lastIndexOf('\n', start - 1) + 1)
}
