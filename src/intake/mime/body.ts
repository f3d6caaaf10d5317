// Which parts of a mail are its text and which are attachments: the algorithm of JMAP (RFC 8621 §4.1.4),
// which many clients share. Order, alternatives and related parts decide; a name alone does not hide a text.
import type { Multipart, Part } from './parts.js'

export interface Bodies {
  /** The parts to show where only plain text can be shown, and where HTML can. */
  text: Part[]
  html: Part[]
  attachments: Part[]
}

export function chooseBodies(root: Multipart): Bodies {
  const out: Bodies = { text: [], html: [], attachments: [] }
  walk(root, root.type === 'multipart/alternative', out.html, out.text, out.attachments)
  return out
}

function walk(
  within: Multipart,
  inAlternative: boolean,
  html: Part[] | null,
  text: Part[] | null,
  attachments: Part[],
): void {
  const textBefore = text?.length ?? -1
  const htmlBefore = html?.length ?? -1
  let textOut = text
  let htmlOut = html
  for (const [i, item] of within.children.entries()) {
    if ('children' in item) {
      const alternative = inAlternative || item.type === 'multipart/alternative'
      walk(item, alternative, htmlOut, textOut, attachments)
      continue
    }
    if (!isShown(item, within.type, i)) {
      attachments.push(item)
      continue
    }
    if (within.type === 'multipart/alternative') {
      if (item.type === 'text/plain') textOut?.push(item)
      else if (item.type === 'text/html') htmlOut?.push(item)
      else attachments.push(item)
      continue
    }
    if (inAlternative) {
      if (item.type === 'text/plain') htmlOut = null
      if (item.type === 'text/html') textOut = null
    }
    textOut?.push(item)
    htmlOut?.push(item)
  }
  if (within.type !== 'multipart/alternative' || !text || !html) return
  // Only one of the two forms was there: it serves as the other as well.
  if (text.length === textBefore && html.length > htmlBefore) text.push(...html.slice(htmlBefore))
  else if (html.length === htmlBefore && text.length > textBefore) html.push(...text.slice(textBefore))
}

function isShown(part: Part, within: string, index: number): boolean {
  if (part.disposition.value === 'attachment') return false
  if (part.type !== 'text/plain' && part.type !== 'text/html') return false
  const named = part.params.has('name') || part.disposition.params.has('filename')
  return index === 0 || (within !== 'multipart/related' && !named)
}
