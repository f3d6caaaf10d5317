// Delivery status notifications (RFC 3464) and the two common forms without one (Exim's X-Failed-Recipients,
// qmail's text): who did not get which of our mails, and why.
import { cleanAddress } from './addresses.js'
import { type Fields, readFields } from './fields.js'
import { parseIds, parseMessageId } from './ids.js'
import { limits } from './limits.js'
import type { Bounce, BounceRecipient } from './message.js'
import type { Part } from './parts.js'
import { cleanLine } from './strings.js'

const STATUS = /\b([245])\.\d{1,3}\.\d{1,3}\b/

export function readBounce(fields: Fields, parts: Part[], text: string): Bounce {
  const report = parts.find(
    (part) => part.type === 'message/delivery-status' || part.type === 'message/global-delivery-status',
  )
  const recipients = report ? fromReport(report.content) : []
  return {
    recipients: recipients.length > 0 ? recipients : fromText(fields, text),
    originalMessageId: originalId(parts, text),
  }
}

function fromReport(content: Buffer): BounceRecipient[] {
  const groups = content
    .subarray(0, limits.salvageBytes)
    .toString('latin1')
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n/)
  const out: BounceRecipient[] = []
  for (const group of groups) {
    const values = groupFields(group)
    const address = typed(values.get('original-recipient')) || typed(values.get('final-recipient'))
    if (!address || out.length >= limits.recipients) continue
    const diagnostic = cleanLine(withoutType(values.get('diagnostic-code') ?? ''), limits.line)
    const action = (values.get('action') ?? '').trim().toLowerCase().split(/[\s(]/, 1)[0] || 'failed'
    const status = STATUS.exec(values.get('status') ?? '')?.[0] ?? STATUS.exec(diagnostic)?.[0] ?? ''
    out.push({ address, action, status: status || (action === 'delayed' ? '4.0.0' : ''), diagnostic })
  }
  return out
}

function groupFields(group: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of group.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && !values.has(line.slice(0, colon).toLowerCase()))
      values.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1))
  }
  return values
}

/** RFC 3464 §2.3.1: `rfc822; address`. The type may be missing or the address in brackets. */
function typed(value: string | undefined): string {
  return cleanAddress(withoutType(value ?? '').replace(/^<|>$/g, ''))
}

function withoutType(value: string): string {
  return value.slice(value.indexOf(';') + 1).trim()
}

function fromText(fields: Fields, text: string): BounceRecipient[] {
  const head = text.slice(0, 20_000)
  const status = STATUS.exec(head)?.[0] ?? ''
  const lines = head.split('\n')
  const failed = fields.all('x-failed-recipients').flatMap((value) => value.split(','))
  const named =
    failed.length > 0
      ? failed
      : lines.filter((line) => /^<\S{3,320}>:\s*$/.test(line)).map((line) => line.trim().slice(1, -2))
  const reason = lines.find((line) => /\b[45]\d\d[ -]/.test(line.slice(0, limits.patternLine))) ?? ''
  return [...new Set(named.map(cleanAddress))]
    .filter((address) => address !== '')
    .slice(0, limits.recipients)
    .map((address) => ({
      address,
      action: status.startsWith('4') ? 'delayed' : 'failed',
      status,
      diagnostic: cleanLine(reason, limits.line),
    }))
}

/**
 * The id of the mail that bounced, from what came back of it: whole, its headers, or pasted into the text.
 */
function originalId(parts: Part[], text: string): string | null {
  for (const part of parts) {
    if (
      !/^(message\/(rfc822|global)|text\/rfc822-headers|message\/rfc822-headers|message\/global-headers)$/.test(
        part.type,
      )
    )
      continue
    const id = parseMessageId(readFields(part.content.subarray(0, limits.fieldBytes)).first('message-id'))
    if (id) return id
  }
  const pasted = /^[> \t]{0,4}Message-ID:[ \t]*(<[^\s<>]{1,500}>)/im.exec(text.slice(0, limits.salvageBytes))
  return parseIds(pasted?.[1])[0] ?? null
}
