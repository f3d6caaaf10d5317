// frontdesk sla calc: due times and elapsed times of a calendar, one question and one answer a line. It needs no desk.
import type { Command } from 'frontdesk/plugin'
import { calc } from './engine/calc.js'

export const calcCommand: Command = {
  name: 'calc',
  usage: 'sla calc < questions.jsonl',
  summary: 'Answer questions about opening hours, as JSON lines: {"op":"due"|"elapsed", …}.',
  async run({ args, stdin, say }) {
    if (args.length > 0) {
      say(USAGE)
      return 2
    }
    let wrong = 0
    let line = 0
    for await (const text of stdin) {
      line++
      if (text.trim() === '') continue
      const answer = answerTo(text, line)
      if ('error' in answer) wrong++
      say(JSON.stringify(answer))
    }
    return wrong > 0 ? 1 : 0
  },
}

const USAGE = `usage: frontdesk sla calc < questions.jsonl
  {"op":"due","time_zone":"Europe/Berlin","hours":{"mon":[["09:00","17:00"]]},"holidays":["2026-05-01"],"breaks":{},"start":"2026-03-03T09:00:00Z","minutes":60}
  {"op":"elapsed","time_zone":…,"hours":…,"start":"2026-03-03T09:00:00Z","end":"2026-03-04T09:00:00Z"}
  answers {"due_utc":"…"} or {"minutes":…}; what cannot be answered {"error":"…","line":…}, and the exit code is 1`

/** A question that cannot be answered gets a line of its own, so that answers and questions stay side by side. */
function answerTo(text: string, line: number) {
  try {
    return calc(read(text))
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), line }
  }
}

function read(text: string): unknown {
  try {
    // Some editors begin a file with a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    throw new Error('the line is not JSON: write one whole question on each line')
  }
}
