// From header fields to the part of an InboundMessage that needs no body. Cheap and bounded: it is also what
// is left when parsing the body fails, takes too long, or takes the worker down.
import { cleanAddress, parseAddresses } from './addresses.js'
import { findAutomatic } from './automatic.js'
import { parseDate } from './date.js'
import { type Fields, PLUGIN_HEADERS } from './fields.js'
import { parseIds, parseMessageId, parseReferences } from './ids.js'
import { limits } from './limits.js'
import type { Address, InboundMessage } from './message.js'
import { parseParams } from './params.js'
import { cleanLine, cleanName, cut } from './strings.js'
import { decodeWords } from './words.js'

export function readHeaders(fields: Fields): InboundMessage {
  const warnings = [...fields.warnings]
  const from = readFrom(fields, warnings)
  const subject = cleanLine(decodeWords(fields.first('subject') ?? ''), limits.line)
  const returnPath = readReturnPath(fields)
  const date = parseDate(fields.first('date'))
  if (!date && fields.first('date') !== undefined) warnings.push('date-invalid')
  for (const name of ['subject', 'message-id', 'date', 'content-type']) {
    if (fields.all(name).length > 1) warnings.push(`header-repeated: ${name}`)
  }
  const messageId = parseMessageId(fields.first('message-id'))
  if (messageId === null && fields.first('message-id') !== undefined) warnings.push('message-id-invalid')
  const type = parseParams(fields.first('content-type') ?? '')
  const clues = {
    fields,
    from,
    subject,
    returnPath,
    contentType: type.value,
    reportType: type.value === 'multipart/report' ? (type.params.get('report-type') ?? '').toLowerCase() : '',
  }
  return {
    from,
    sender: parseAddresses(fields.first('sender'))[0] ?? null,
    to: people(fields, 'to', warnings),
    cc: people(fields, 'cc', warnings),
    replyTo: people(fields, 'reply-to', warnings),
    subject,
    text: '',
    html: '',
    reply: '',
    folded: [],
    attachments: [],
    messageId,
    inReplyTo: [...new Set(fields.all('in-reply-to').flatMap(parseIds))].slice(0, 20),
    references: parseReferences(fields.all('references')),
    date,
    ...findAutomatic(clues),
    bounce: null,
    returnPath,
    deliveredTo: deliveredTo(fields),
    threadIndex: fields.first('thread-index')?.replace(/\s+/g, '').slice(0, limits.line) ?? null,
    authenticationResults: values(fields, 'authentication-results', 2000).slice(0, 20),
    loop: values(fields, 'x-frontdesk-loop', limits.line).slice(0, 20),
    headers: pluginHeaders(fields),
    warnings,
  }
}

/** Two senders are the way to be taken for somebody else (CERT VU#517845): the first counts, and it shows. */
function readFrom(fields: Fields, warnings: string[]): Address | null {
  const all = fields.all('from').map(parseAddresses)
  const people = all.flat()
  const senders = people.filter((one) => one.address !== '')
  if (all.length > 1 || senders.length > 1) warnings.push('from-multiple')
  if (senders.length === 0)
    warnings.push(fields.first('from') === undefined ? 'from-missing' : 'from-invalid')
  // A name without an address ("Mail Delivery System <MAILER-DAEMON>") is shown, and cannot be answered.
  return senders[0] ?? people[0] ?? null
}

function people(fields: Fields, name: string, warnings: string[]): Address[] {
  const list = fields
    .all(name)
    .flatMap(parseAddresses)
    .filter((one) => one.address !== '')
  if (list.length >= limits.addresses) warnings.push(`addresses-limit: ${name}`)
  return list.slice(0, limits.addresses)
}

function readReturnPath(fields: Fields): string | null {
  const value = fields.first('return-path')
  if (value === undefined) return null
  if (/^<?\s*>?$/.test(value.trim())) return ''
  return cleanAddress(value) || null
}

function deliveredTo(fields: Fields): string[] {
  const found = ['delivered-to', 'x-original-to', 'envelope-to']
    .flatMap((name) => fields.all(name))
    .flatMap(parseAddresses)
  return [...new Set(found.map((one) => one.address))].filter((one) => one !== '').slice(0, limits.addresses)
}

function values(fields: Fields, name: string, max: number): string[] {
  return fields.all(name).map((value) => cleanLine(value, max))
}

function pluginHeaders(fields: Fields): Record<string, string> {
  // The names come from our list and never from the mail, so `__proto__` cannot be one of them.
  const out: Record<string, string> = {}
  for (const name of PLUGIN_HEADERS) {
    const value = fields.first(name)
    if (value !== undefined) out[name] = cleanName(cut(decodeWords(value), 4000), limits.line)
  }
  return out
}
