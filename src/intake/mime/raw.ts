// The first look at the raw bytes: what a delivery pipe or a mailbox file put in front is taken away, and
// old Mac line ends are converted, so that everything behind sees a plain RFC 5322 message.

const LF = 0x0a
const CR = 0x0d

export function tidyRaw(raw: Uint8Array): Buffer {
  let bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3)
  let at = 0
  while (bytes[at] === LF || bytes[at] === CR) at++
  bytes = bytes.subarray(at)
  return hasOnlyBareCr(bytes) ? withLf(bytes) : bytes
}

/** A mail with CR and without a single LF near its start was written with CR as the line end. */
function hasOnlyBareCr(bytes: Buffer): boolean {
  const head = bytes.subarray(0, 64 * 1024)
  return head.includes(CR) && !head.includes(LF)
}

function withLf(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  for (let i = copy.indexOf(CR); i >= 0; i = copy.indexOf(CR, i + 1)) {
    if (copy[i + 1] !== LF) copy[i] = LF
  }
  return copy
}
