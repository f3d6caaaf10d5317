// Message identifiers (RFC 5322 §3.6.4) out of headers that often hold other things: phrases, dates, several
// ids without brackets, ids broken by folding. What goes out is safe to put into a header and into an index.
import { limits } from './limits.js'
import { decodeWords } from './words.js'

export function parseIds(header: string | undefined): string[] {
  if (!header) return []
  const text = header.includes('=?') ? decodeWords(header) : header
  const ids: string[] = []
  let at = text.indexOf('<')
  if (at < 0) return text.split(/[\s,]+/).filter((word) => word.includes('@') && isId(word))
  while (at >= 0) {
    const end = text.indexOf('>', at)
    if (end < 0) break
    // An earlier '<' without its end is dropped; blanks are what folding left inside.
    const open = text.lastIndexOf('<', end)
    const id = text.slice(open + 1, Math.min(end, open + 4000)).replace(/\s+/g, '')
    if (isId(id)) ids.push(id)
    at = text.indexOf('<', end)
  }
  return ids
}

export function parseMessageId(header: string | undefined): string | null {
  if (!header) return null
  const [first] = parseIds(header)
  if (first !== undefined) return first
  const bare = header.trim()
  return isId(bare) ? bare : null
}

/** RFC 5322 §3.6.4 wants References oldest first; clients that overwrite or double them are put up with. */
export function parseReferences(headers: string[]): string[] {
  const all = [...new Set(headers.flatMap(parseIds))]
  if (all.length <= limits.referencesLast + 1) return all
  return [all[0]!, ...all.slice(-limits.referencesLast)]
}

function isId(id: string): boolean {
  return (
    id.length > 0 && id.length <= limits.line && /^[^\s<>\u0000-\u0020\u007f-\u009f\ud800-\udfff"]+$/.test(id)
  )
}
