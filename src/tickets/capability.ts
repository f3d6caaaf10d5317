// Signed capabilities: who holds one may add to the ticket as the participant it was made for. They travel in
// our Message-IDs and reply addresses. The base32 alphabet survives systems that change case.
import { eq } from 'drizzle-orm'
import type { Reader } from '../db/types.js'
import type { Secrets } from '../settings/secrets.js'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const NUMBER_BYTES = 6
// 80 bits: too many to guess, short enough for a local part.
const MAC_BYTES = 10

export function makeToken(secrets: Secrets, number: number, contactId: string): string {
  const head = Buffer.alloc(NUMBER_BYTES)
  head.writeUIntBE(number, 0, NUMBER_BYTES)
  return base32(Buffer.concat([head, secrets.sign('ticket', `${number}:${contactId}`, MAC_BYTES)]))
}

/**
 * A Message-ID for a message of the desk: the token of the participant it goes to, and the id of the message, so
 * that neither needs a row to be found by.
 */
export const makeMessageId = (token: string, id: string, inboxAddress: string): string =>
  `fd.${token}.${base32(Buffer.from(id.replaceAll('-', ''), 'hex'))}@${inboxAddress.slice(inboxAddress.lastIndexOf('@') + 1)}`

/** A Message-ID for what the desk writes to its own agents: signed, so that an answer of a machine to it is known. */
export const makeNoticeId = (secrets: Secrets, id: string, inboxAddress: string): string => {
  const code = id.replaceAll('-', '')
  const mac = secrets.sign('notice', code, MAC_BYTES).toString('hex')
  return `fdn.${code}.${mac}@${inboxAddress.slice(inboxAddress.lastIndexOf('@') + 1)}`
}

export function isNoticeId(secrets: Secrets, messageId: string): boolean {
  const found = /^fdn\.([0-9a-f]{32})\.([0-9a-f]{20})@/.exec(messageId.toLowerCase())
  return found !== null && secrets.verify('notice', found[1]!, Buffer.from(found[2]!, 'hex'))
}

/** The message whose Message-ID this may be; whether it is, only the message itself can say. */
export function ownMessageId(messageId: string): string | null {
  const code = /^fd\.[a-z2-7]{26}\.([a-z2-7]{26})@/i.exec(messageId)?.[1]
  if (!code) return null
  const hex = unbase32(code.toLowerCase()).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** support@desk.example -> support+t.TOKEN@desk.example (RFC 5233 subaddress). */
export const replyAddress = (inboxAddress: string, token: string): string =>
  inboxAddress.replace(/@(?=[^@]*$)/, `+t.${token}@`)

/** The tokens that an address or a Message-ID carries. */
export function tokensIn(text: string): string[] {
  return [...text.toLowerCase().matchAll(/(?:\+t|^fd)\.([a-z2-7]{26})(?=[.@])/g)].map((match) => match[1]!)
}

export interface Capability {
  ticketId: string
  contactId: string
}

/** The ticket and participant that a token was made for, or null when it was not made by this desk. */
export async function checkToken(r: Reader, secrets: Secrets, token: string): Promise<Capability | null> {
  const bytes = unbase32(token)
  const number = bytes.readUIntBE(0, NUMBER_BYTES)
  const mac = bytes.subarray(NUMBER_BYTES, NUMBER_BYTES + MAC_BYTES)
  const { tickets, participants } = r.t
  const rows = await r
    .select({ ticketId: tickets.id, contactId: participants.contactId })
    .from(tickets)
    .innerJoin(participants, eq(participants.ticketId, tickets.id))
    .where(eq(tickets.number, number))
  return rows.find((row) => secrets.verify('ticket', `${number}:${row.contactId}`, mac)) ?? null
}

function base32(bytes: Buffer): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text
}

function unbase32(text: string): Buffer {
  const bytes: number[] = []
  let held = 0
  let bits = 0
  for (const letter of text) {
    held = (held << 5) | ALPHABET.indexOf(letter)
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 255)
    }
    held &= (1 << bits) - 1
  }
  return Buffer.from(bytes)
}
