// One raw mail to one InboundMessage: pure, no database, no network. Order: tidy the bytes, read the headers,
// take the structure apart, choose the bodies, make them safe, find the new part. Never rejects.
import { createHash } from 'node:crypto'
import { chooseBodies } from './body.js'
import { readBounce } from './bounce.js'
import { decodeBytes, htmlCharset } from './charset.js'
import { fallbackMessage } from './fallback.js'
import { type Fields, readFields } from './fields.js'
import { partName } from './filename.js'
import { unflow } from './flowed.js'
import { readHeaders } from './headers.js'
import { sanitizeHtml } from './html.js'
import { htmlToPlainText } from './html-text.js'
import { limits } from './limits.js'
import type { InboundAttachment, InboundMessage } from './message.js'
import { leavesOf, type Part, readStructure } from './parts.js'
import { tidyRaw } from './raw.js'
import { splitReply } from './reply.js'
import { salvageText } from './salvage.js'
import { cleanText } from './strings.js'

export async function normalise(raw: Uint8Array): Promise<InboundMessage> {
  try {
    return await parse(readFields(tidyRaw(raw)))
  } catch (error) {
    return fallbackMessage(
      raw,
      `parse-failed: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`,
    )
  }
}

async function parse(fields: Fields): Promise<InboundMessage> {
  const message = readHeaders(fields)
  const { root, warnings } = await readStructure(fields)
  const leaves = leavesOf(root)
  const bodies = chooseBodies(root)
  const notes = new Set([...message.warnings, ...warnings])
  const texts = new Map<Part, string>()
  const textOf = (part: Part) => {
    const known = texts.get(part)
    if (known !== undefined) return known
    const text = decodePart(part, notes)
    texts.set(part, text)
    return text
  }
  let text = bodies.text
    .map((part) => (isHtml(part) ? htmlToPlainText(textOf(part)) : textOf(part)))
    .join('\n')
  if (text.trim() === '' && fields.body.length > 0 && (leaves.length === 0 || warnings.length > 0)) {
    text = salvageText(fields.body)
    if (text !== '') notes.add('structure-broken')
  }
  const html = bodies.html.some(isHtml) ? safeHtml(bodies.html, textOf, notes) : ''
  const kept = bodies.attachments.slice(0, limits.attachments)
  if (bodies.attachments.length > kept.length)
    notes.add(`attachments-limit: ${bodies.attachments.length - kept.length} more`)
  const bounced =
    message.automatic === 'bounce' || leaves.some((part) => part.type === 'message/delivery-status')
  return {
    ...message,
    ...(bounced && message.automatic !== 'bounce'
      ? { automatic: 'bounce', automaticBy: 'message/delivery-status part' }
      : {}),
    text,
    html,
    ...splitReply(text),
    attachments: kept.map((part) => toAttachment(part, html)),
    bounce: bounced ? readBounce(fields, leaves, text) : null,
    warnings: [...notes],
  }
}

function isHtml(part: Part): boolean {
  return part.type === 'text/html'
}

function decodePart(part: Part, notes: Set<string>): string {
  const bytes =
    part.content.length > limits.textBytes ? part.content.subarray(0, limits.textBytes) : part.content
  if (bytes !== part.content) notes.add('text-cut')
  const label = part.params.get('charset') || (isHtml(part) ? htmlCharset(bytes) : null)
  const text = cleanText(decodeBytes(bytes, label))
  const flowed = part.type === 'text/plain' && part.params.get('format')?.toLowerCase() === 'flowed'
  return flowed ? unflow(text, part.params.get('delsp')?.toLowerCase() === 'yes') : text
}

function safeHtml(parts: Part[], textOf: (part: Part) => string, notes: Set<string>): string {
  const pieces: string[] = []
  for (const part of parts) {
    if (!isHtml(part)) {
      pieces.push(`<pre>${escapeHtml(textOf(part))}</pre>`)
      continue
    }
    const clean = sanitizeHtml(textOf(part))
    for (const warning of clean.warnings) notes.add(warning)
    // One form of the whole text is shown, never half of it.
    if (clean.html === '' && clean.warnings.some((one) => one.startsWith('html-'))) return ''
    pieces.push(clean.html)
  }
  return pieces.join('\n')
}

export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

function toAttachment(part: Part, html: string): InboundAttachment {
  return {
    filename: partName(part),
    contentType: part.type,
    size: part.content.length,
    md5: createHash('md5').update(part.content).digest('hex'),
    sha256: part.sha256,
    contentId: part.contentId,
    inline:
      part.disposition.value === 'inline' ||
      (part.contentId !== null && html.includes(`cid:${part.contentId}`)),
    content: part.content,
  }
}
