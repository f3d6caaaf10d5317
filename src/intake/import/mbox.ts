// An mbox as a stream of messages, mboxrd quoting (a line `>From ` was `From `), whatever its size. A broken
// message costs only itself.
import type { Readable } from 'node:stream'

const LF = 0x0a

/** A stream that does not begin with a `From ` line is one message. */
export async function* readMbox(stream: Readable): AsyncGenerator<Buffer> {
  let lines: Buffer[] = []
  let mbox: boolean | undefined
  let blank = true
  for await (const line of readLines(stream)) {
    mbox ??= isFromLine(line)
    if (mbox && blank && isFromLine(line)) {
      if (lines.length > 0) yield Buffer.concat(lines)
      lines = []
    } else lines.push(mbox ? unquoted(line) : line)
    blank = line.length <= 2 && line.toString('latin1').trim() === ''
  }
  if (lines.length > 0) yield Buffer.concat(lines)
}

const FROM = Buffer.from('From ')
const isFromLine = (line: Buffer) => line.subarray(0, FROM.length).equals(FROM)

function unquoted(line: Buffer): Buffer {
  if (line[0] !== 0x3e) return line
  let at = 0
  while (line[at] === 0x3e) at++
  return isFromLine(line.subarray(at)) ? line.subarray(1) : line
}

async function* readLines(stream: Readable): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end + 1)])
      rest = []
      from = end + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}
