// Address lists (RFC 5322 §3.4). The grammar is nodemailer's, the same that writes the replies: an address
// must never mean one thing when read and another when sent to. Names are decoded after the list is split.
import addressparser from 'nodemailer/lib/addressparser'
import { limits } from './limits.js'
import type { Address } from './message.js'
import { cleanName } from './strings.js'
import { decodeWords } from './words.js'

export function parseAddresses(header: string | undefined): Address[] {
  if (!header) return []
  const flat = flatten(header)
  // `=?…?=` around the whole of "Name <address>": against RFC 2047 §5 (3), but there is no other sender.
  if (flat.every((one) => one.address === '') && header.includes('=?')) {
    const decoded = decodeWords(header)
    if (/<[^<>\s]{1,500}@[^<>\s]{1,500}>/.test(decoded.slice(0, 2000))) return flatten(decoded)
  }
  return flat
}

function flatten(header: string): Address[] {
  const out: Address[] = []
  for (const entry of safely(bounded(header))) {
    if (out.length >= limits.addresses) break
    const address = cleanAddress(entry.address ?? '')
    const name = cleanName(unquoteName(decodeWords(entry.name ?? '')), limits.line)
    if (address !== '' || name !== '') out.push({ name: name === address ? '' : name, address })
  }
  return out
}

function safely(header: string): { name?: string; address?: string }[] {
  try {
    return addressparser(header, { flatten: true })
  } catch {
    return []
  }
}

/** Nested groups and comments have been the way to crash address parsers (CVE-2025-14874). */
function bounded(header: string): string {
  const opening = header.split(/[(:]/, 200).length
  return opening < 200 ? header : header.replace(/[():;]/g, ' ')
}

/** '' for what cannot be written to: no @, blanks or controls in it, angle brackets, or far too long. */
export function cleanAddress(raw: string): string {
  const address = decodeWords(raw).trim().replace(/^<|>$/g, '')
  if (
    address.length > 320 ||
    !/^[^\s@<>\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u202a-\u202e]+@[^\s@<>,;"()[\]\u0000-\u0020]+$/.test(
      address,
    )
  ) {
    // Without angle brackets: nodemailer would write others in their place.
    return /^"[^"<>\r\n\u0000-\u001f]{1,200}"@[^\s@<>,;"()\u0000-\u0020]{1,255}$/.test(address) ? address : ''
  }
  return address
}

function unquoteName(name: string): string {
  const trimmed = name.trim()
  return /^(["']).*\1$/.test(trimmed) && trimmed.length > 2 ? trimmed.slice(1, -1) : trimmed
}
