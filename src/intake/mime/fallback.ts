// What becomes of a mail that cannot be parsed: its headers and whatever text can be dug out. Runs on the
// main thread when a worker was lost, so everything in it is bounded.
import { readFields } from './fields.js'
import { readHeaders } from './headers.js'
import type { InboundMessage } from './message.js'
import { tidyRaw } from './raw.js'
import { splitReply } from './reply.js'
import { salvageText } from './salvage.js'

/** Headers and the beginning of the text: what lies beyond is not read here. */
const BYTES = 4 * 1024 * 1024

export function fallbackMessage(raw: Uint8Array, warning: string): InboundMessage {
  const bytes = tidyRaw(raw.length > BYTES ? raw.subarray(0, BYTES) : raw)
  const fields = readFields(bytes)
  const message = readHeaders(fields)
  const text = salvageText(fields.body)
  return { ...message, text, ...splitReply(text), warnings: [...message.warnings, warning] }
}
