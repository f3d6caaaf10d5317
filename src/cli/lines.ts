// Lines in and out of a command that streams: what comes in waits for what goes out, and neither is kept.
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { CommandInput } from '../plugin/command.js'

/** Written at one go: a system call for every line would be most of the time. */
const CHUNK = 16_384

export interface Lines extends Pick<CommandInput, 'stdin' | 'say'> {
  /** What was said goes out; what was not read is left. */
  end(): void
}

/** @param open called when the first line is asked for: an input that nobody reads keeps no process alive. */
export function openLines(open: () => Readable, output: Writable): Lines {
  let input: Readable | undefined
  let text = ''
  let planned = false
  let gone = false
  let room: Promise<unknown> | undefined

  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    // `| head`: whoever read has what they wanted.
    gone = true
    input?.destroy()
  })

  function flush() {
    planned = false
    const some = text
    text = ''
    if (some === '' || gone || output.write(some)) return
    room ??= once(output, 'drain')
      .catch(() => {})
      .finally(() => {
        room = undefined
      })
  }

  async function* lines() {
    input = open().setEncoding('utf8')
    try {
      for await (const line of linesOf(input)) {
        await room
        if (gone) return
        yield line
      }
    } catch (error) {
      if (!gone) throw error
    }
  }

  return {
    stdin: { [Symbol.asyncIterator]: lines },
    say(line) {
      text += `${line}\n`
      if (text.length >= CHUNK) flush()
      else if (!planned) setImmediate(flush)
      planned = true
    },
    end() {
      flush()
      input?.destroy()
    },
  }
}

/** The last line needs no end; `\r\n` is one too. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const parts = chunk.split('\n')
    parts[0] = rest + parts[0]
    rest = parts.pop()!
    for (const part of parts) yield part.endsWith('\r') ? part.slice(0, -1) : part
  }
  if (rest !== '') yield rest
}
