// Where a signature begins at the end of a text. Only what programs mark as one, or what is plainly a block
// of contact data: a line that a person may have meant is never taken for it.
import type { Line } from './reply-lines.js'
import { isContactLine, isMobileLine } from './reply-patterns.js'

const LONGEST = 30
const CLOSING = /^(?:(?:best|kind|warm|many)\s)?regards,$/i

/** The first line of the signature that ends before `end`, or null. `lines[end - 1]` is not blank. */
export function signatureStart(lines: Line[], end: number): number | null {
  const marked = separated(lines, end)
  if (marked !== null) return marked
  if (isMobileLine(lines[end - 1]!.text.trim())) return end - 1
  return contactBlock(lines, end) ?? closing(lines, end)
}

/** RFC 3676 §4.3: "-- " on a line of its own; often without the blank, or with longer rulers. */
function separated(lines: Line[], end: number): number | null {
  let filled = 0
  for (let i = end - 1; i >= Math.max(0, end - LONGEST); i--) {
    const { text, blank, quoted } = lines[i]!
    if (quoted) return null
    if (text === '-- ' && filled > 0) return i
    if (/^--\s*$/.test(text) && filled > 0 && filled <= 12) return i
    if (/^\s*(?:-{3,}|_{3,}|—+|–+|\*{3,})\s*$/.test(text)) {
      const contact = () => lines.slice(i + 1, end).some((line) => isContactLine(line.text))
      return filled > 0 && filled <= 15 && contact() && hasText(lines, i) ? i : null
    }
    if (!blank) filled++
  }
  return null
}

/** Name, address, telephone, web site: a last paragraph that begins with a name and is mostly that. */
function contactBlock(lines: Line[], end: number): number | null {
  let start = end
  while (start > 0 && !lines[start - 1]!.blank) start--
  const size = end - start
  if (size < 3 || size > 8 || !hasText(lines, start)) return null
  const first = lines[start]!.text.trim()
  if (first.split(/\s+/).length > 4 || first.length > 40 || /[.!?:,;]$|\d/.test(first)) return null
  let contacts = 0
  for (let i = start + 1; i < end; i++)
    if (isContactLine(lines[i]!.text) && lines[i]!.text.trim().length <= 60) contacts++
  return contacts >= 2 && contacts >= size - 2 ? start : null
}

/** "Regards," with a name and a title under it. A name alone is part of the letter. */
function closing(lines: Line[], end: number): number | null {
  let filled = 0
  for (let i = end - 1; i >= Math.max(0, end - 8); i--) {
    const text = lines[i]!.text.trim()
    if (CLOSING.test(text)) return filled >= 2 && hasText(lines, i) ? i : null
    if (text === '') continue
    if (++filled > 4 || text.length > 40 || /[?]$|[.]$/.test(text)) return null
  }
  return null
}

function hasText(lines: Line[], before: number): boolean {
  for (let i = before - 1; i >= Math.max(0, before - 20); i--)
    if (!lines[i]!.blank && !lines[i]!.quoted) return true
  return false
}
