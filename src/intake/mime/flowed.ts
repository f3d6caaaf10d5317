// format=flowed (RFC 3676 §4): soft line breaks are taken out, so that a paragraph is one line again.

export function unflow(text: string, delSp: boolean): string {
  const out: string[] = []
  let open: { depth: number; text: string } | null = null
  for (const raw of text.split('\n')) {
    const depth = quoteDepth(raw)
    let line = raw.slice(depth)
    // §4.4: one blank in front is stuffing.
    if (line.startsWith(' ')) line = line.slice(1)
    // §4.3: the signature separator is never flowed.
    const flows = line.endsWith(' ') && line !== '-- '
    const piece = flows && delSp ? line.slice(0, -1) : line
    if (open && open.depth === depth && line !== '-- ') open.text += piece
    else {
      if (open) out.push(mark(open.depth) + open.text)
      open = { depth, text: piece }
    }
    if (!flows) {
      out.push(mark(open.depth) + open.text)
      open = null
    }
  }
  if (open) out.push(mark(open.depth) + open.text)
  return out.join('\n')
}

function quoteDepth(line: string): number {
  let depth = 0
  while (line[depth] === '>') depth++
  return depth
}

function mark(depth: number): string {
  return depth === 0 ? '' : `${'>'.repeat(depth)} `
}
