// What makes two mails the same: their bytes without what the way here added. Message-ID alone never does, or an
// outsider who knows an id could suppress the real mail.
import { createHash } from 'node:crypto'

/** Header fields that servers add on the way, so that two copies of one mail differ in them. */
const TRACE =
  /^(?:x-)?(?:received|delivered-to|return-path|original-to|envelope-(?:to|from)|authentication-results|spam-[\w-]+|arc-[\w-]+|received-spf|google-smtp-source|gm-[\w-]+)$/

const CR = 0x0d
const LF = 0x0a

export interface Identity {
  digest: string
  headDigest: string
}

/** @param raw the message as it came. Line ends, a leading mbox `From ` line and trailing blank lines do not count. */
export function identify(raw: Uint8Array): Identity {
  const { head, body } = essence(raw)
  const headHash = createHash('sha256').update(head)
  const headDigest = headHash.copy().digest('hex')
  return { digest: headHash.update('\n').update(body).digest('hex'), headDigest }
}

/** Whether `part` is the beginning of `whole`: the torso that a dying mail server left. */
export function isTorso(part: Uint8Array, whole: Uint8Array): boolean {
  const a = essence(part)
  const b = essence(whole)
  if (!a.head.equals(b.head)) return false
  return a.body.length < b.body.length && b.body.subarray(0, a.body.length).equals(a.body)
}

function essence(raw: Uint8Array): { head: Buffer; body: Buffer } {
  const plain = withLineFeeds(raw)
  const end = plain.indexOf('\n\n')
  const head = end < 0 ? plain : plain.subarray(0, end)
  const body = end < 0 ? plain.subarray(plain.length) : plain.subarray(end + 2)
  return { head: withoutTrace(trimEnd(head)), body: trimEnd(body) }
}

function withLineFeeds(raw: Uint8Array): Buffer {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  if (!bytes.includes(CR)) return bytes
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte !== CR) out[length++] = byte
    else if (bytes[i + 1] !== LF) out[length++] = LF
  }
  return out.subarray(0, length)
}

function trimEnd(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === LF) end--
  return bytes.subarray(0, end)
}

function withoutTrace(head: Buffer): Buffer {
  const kept: Buffer[] = []
  let keep = true
  for (let at = 0; at < head.length; ) {
    const lf = head.indexOf(LF, at)
    const end = lf < 0 ? head.length : lf + 1
    const folded = head[at] === 0x20 || head[at] === 0x09
    if (!folded) keep = !isTrace(head.toString('latin1', at, Math.min(end, at + 60)))
    if (keep) kept.push(head.subarray(at, end))
    at = end
  }
  return Buffer.concat(kept)
}

function isTrace(line: string): boolean {
  if (line.startsWith('From ')) return true
  const colon = line.indexOf(':')
  return colon > 0 && TRACE.test(line.slice(0, colon).trimEnd().toLowerCase())
}
