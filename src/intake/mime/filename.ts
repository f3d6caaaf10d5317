// Names of attachments, for people to read only: bytes are stored by their hash and never under a name from
// outside. What remains cannot be a path, a hidden file, or a name that reads differently from what it is.
import { readFields } from './fields.js'
import { limits } from './limits.js'
import type { Part } from './parts.js'
import { cleanName, cut } from './strings.js'
import { decodeWords } from './words.js'

const EXTENSIONS = new Map([
  ['message/rfc822', '.eml'],
  ['message/delivery-status', '.txt'],
  ['message/disposition-notification', '.txt'],
  ['text/rfc822-headers', '.txt'],
  ['text/plain', '.txt'],
  ['text/html', '.html'],
  ['text/calendar', '.ics'],
  ['text/csv', '.csv'],
  ['text/vcard', '.vcf'],
  ['text/x-vcard', '.vcf'],
  ['image/png', '.png'],
  ['image/jpeg', '.jpg'],
  ['image/gif', '.gif'],
  ['image/webp', '.webp'],
  ['image/svg+xml', '.svg'],
  ['application/pdf', '.pdf'],
  ['application/zip', '.zip'],
  ['application/json', '.json'],
  ['application/xml', '.xml'],
  ['application/ics', '.ics'],
  ['application/pgp-signature', '.asc'],
  ['application/pgp-encrypted', '.asc'],
  ['application/pkcs7-signature', '.p7s'],
  ['application/x-pkcs7-signature', '.p7s'],
  ['application/pkcs7-mime', '.p7m'],
  ['application/x-pkcs7-mime', '.p7m'],
  ['application/ms-tnef', '.dat'],
])

/**
 * The name a part goes by: its own; or what a Content-ID like `image001.jpg@01CDB132` or its description
 * says.
 */
export function partName(part: Part): string {
  const own = part.disposition.params.get('filename') ?? part.params.get('name')
  if (own?.trim()) return cleanFilename(own, part.type)
  const byId = /^([\w-]{1,60}\.(?:png|jpe?g|gif|bmp|webp|tiff?|svg|pdf))@/i.exec(part.contentId ?? '')?.[1]
  if (byId) return cleanFilename(byId, part.type)
  const title =
    part.type === 'message/rfc822' ? (embeddedSubject(part) ?? part.description) : part.description
  return cleanFilename(
    title ? title.slice(0, 100).replace(/[/\\]/g, '_') + (EXTENSIONS.get(part.type) ?? '') : '',
    part.type,
  )
}

function embeddedSubject(part: Part): string | null {
  const subject = readFields(part.content.subarray(0, limits.fieldBytes)).first('subject')
  return subject ? decodeWords(subject) : null
}

export function cleanFilename(raw: string | undefined, contentType: string): string {
  // The last part of whatever path: foreign systems write theirs with / or \.
  let name = (raw ?? '').split(/[/\\]/).at(-1)!
  name = cleanName(name, 4000)
    .replace(/[<>:"|?*]/g, '_')
    // What cannot be seen in front of a dot does not make the file less hidden.
    .replace(/^[.\s\p{Default_Ignorable_Code_Point}]+|\s+$/gu, '')
  if (name === '') return `unnamed${EXTENSIONS.get(contentType) ?? ''}`
  if (name.length <= limits.filename) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && name.length - dot <= 12 ? name.slice(dot) : ''
  return cut(name, limits.filename - extension.length) + extension
}
