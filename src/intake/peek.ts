// The little that is read from a mail before it is parsed: for lists of intakes, and for the order of storing.
import { canonicalAddress } from '../people/contacts.js'
import { hashId } from '../tickets/message-ids.js'
import { parseAddresses } from './mime/addresses.js'
import { readFields } from './mime/fields.js'
import { parseMessageId } from './mime/ids.js'
import { limits } from './mime/limits.js'
import { tidyRaw } from './mime/raw.js'
import { cleanLine } from './mime/strings.js'
import { decodeWords } from './mime/words.js'

export interface Peek {
  sender: string | null
  subject: string | null
  messageId: string | null
}

const HEAD_BYTES = 64 * 1024

/** Cheap and bounded, whatever the mail holds. */
export function peek(raw: Uint8Array): Peek {
  try {
    const fields = readFields(tidyRaw(raw.subarray(0, HEAD_BYTES)))
    const address = parseAddresses(fields.first('from'))[0]?.address
    return {
      sender: address ? canonicalAddress(address).slice(0, 320) : null,
      subject: cleanLine(decodeWords((fields.first('subject') ?? '').slice(0, limits.line)), 200),
      messageId: parseMessageId(fields.first('message-id')),
    }
  } catch {
    return { sender: null, subject: null, messageId: null }
  }
}

export const senderKey = (address: string): string => `from ${canonicalAddress(address)}`
export const messageKey = (id: string): string => `id ${hashId(id)}`
