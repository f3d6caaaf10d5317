// uuencode, the transfer encoding from before MIME (`begin 644 name`): some programs still send it with
// `Content-Transfer-Encoding: x-uuencode`. What is not in that form is left as it is.

export function uudecode(bytes: Buffer): Buffer {
  const lines = bytes.toString('latin1').split(/\r?\n/)
  const begin = lines.findIndex((line) => /^begin [0-7]{3,4} /.test(line))
  // Without its frame, the first line must at least be as long as it says.
  const first = lines.findIndex((line, i) => i > begin && line !== '')
  const promised = ((lines[first] ?? '').charCodeAt(0) - 32) & 63
  if (begin < 0 && Math.abs(Math.ceil(promised / 3) * 4 + 1 - (lines[first] ?? '').length) > 1) return bytes
  const out = Buffer.alloc(Math.ceil((bytes.length * 3) / 4))
  let length = 0
  for (const line of lines.slice(begin + 1)) {
    if (line === 'end') break
    const want = (line.charCodeAt(0) - 32) & 63
    for (let i = 1, got = 0; got < want && i < line.length; i += 4) {
      const [a, b, c, d] = [0, 1, 2, 3].map((n) => ((line.charCodeAt(i + n) || 32) - 32) & 63) as [
        number,
        number,
        number,
        number,
      ]
      const group = [(a << 2) | (b >> 4), (b << 4) | (c >> 2), (c << 6) | d]
      for (let n = 0; n < 3 && got < want; n++, got++) out[length++] = group[n]! & 255
    }
  }
  return out.subarray(0, length)
}
