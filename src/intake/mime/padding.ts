// RFC 2046 §5.1.1: a boundary line may end in blanks ("transport padding"), which mailsplit takes for text.
// Such blanks are taken off before it sees them; a mail without them is passed on as it is, after one quick
// look.

const DASHES = Buffer.from('--')

export function unpadBoundaries(body: Buffer, contentType: string): Buffer {
  const padded: { from: number; to: number }[] = []
  let boundaries: Set<string> | null = null
  for (let at = body.indexOf(DASHES); at >= 0; at = body.indexOf(DASHES, at + 2)) {
    if (at > 0 && body[at - 1] !== 0x0a) continue
    const lf = body.indexOf(0x0a, at + 2)
    const lineEnd = lf < 0 ? body.length : body[lf - 1] === 0x0d ? lf - 1 : lf
    if (lineEnd - at > 300 || !isBlank(body[lineEnd - 1])) continue
    let end = lineEnd
    while (isBlank(body[end - 1])) end--
    boundaries ??= declared(body, contentType)
    const name = body.toString('latin1', at + 2, end)
    if (boundaries.has(name) || (name.endsWith('--') && boundaries.has(name.slice(0, -2))))
      padded.push({ from: end, to: lineEnd })
  }
  if (padded.length === 0) return body
  const pieces: Buffer[] = []
  let at = 0
  for (const { from, to } of padded) {
    pieces.push(body.subarray(at, from))
    at = to
  }
  pieces.push(body.subarray(at))
  return Buffer.concat(pieces)
}

function declared(body: Buffer, contentType: string): Set<string> {
  const found = new Set<string>()
  const form = /boundary\s{0,3}=\s{0,3}(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))/gi
  for (const text of [contentType, body.toString('latin1')]) {
    for (const match of text.matchAll(form)) if (found.size < 1000) found.add(match[1] ?? match[2]!)
  }
  return found
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
