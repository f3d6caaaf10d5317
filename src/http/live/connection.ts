// One open live connection: what is written to it as Server-Sent Events (WHATWG HTML §9.2), with an end to what may
// wait in memory for a reader who does not read.
import { Readable } from 'node:stream'
import type { Principal } from '../../people/principal.js'

export interface LiveFilter {
  inboxId?: string | undefined
  ticketId?: string | undefined
  types?: readonly string[] | undefined
}

/** Why a connection ended; the client is told, unless it did not read. */
export type EndReason = 'unauthenticated' | 'forbidden' | 'stopping' | 'unavailable'

export interface Connection {
  who: Principal
  readonly filter: LiveFilter
  readonly body: Readable
  /** An entry. It is held back until the next, so that the last one of a step can carry the cursor of its end. */
  entry(data: string, cursor: string): void
  /** The end of a step: all up to `cursor` has been written. */
  upTo(cursor: string): void
  event(name: 'ready' | 'reset' | 'end', data: object, cursor?: string): void
  /** Keeps proxies from closing it, and the cursor of a quiet client young. Only when nothing was written for a while. */
  beat(cursor: string): void
  end(reason: EndReason): void
}

export interface ConnectionLimits {
  /** Bytes that may wait for a slow reader. */
  mostWaiting: number
  beatMs: number
}

/** What a client that goes on should wait before it connects again. */
const RETRY_MS = 3000
/** For the last words to a reader; one that does not read is cut off. */
const LAST_WORDS_MS = 300

export function openConnection(
  who: Principal,
  filter: LiveFilter,
  { mostWaiting, beatMs }: ConnectionLimits,
): Connection {
  const body = new Readable({ read() {} })
  let held: string | undefined
  let wrote = performance.now()
  let over = false

  const write = (frame: string) => {
    if (over || body.destroyed) return
    // It reconnects with its cursor; without this it would take the memory of the whole process.
    if (body.readableLength + frame.length > mostWaiting) return void body.destroy()
    wrote = performance.now()
    body.push(frame)
  }
  const flush = (cursor: string) => {
    if (held !== undefined) write(`id: ${cursor}\nevent: timeline\ndata: ${held}\n\n`)
    held = undefined
  }
  write(`retry: ${RETRY_MS}\n\n`)

  return {
    who,
    filter,
    body,
    entry(data, cursor) {
      flush(cursor)
      held = data
    },
    upTo: flush,
    event(name, data, cursor) {
      write(
        `${cursor === undefined ? '' : `id: ${cursor}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`,
      )
    },
    beat(cursor) {
      if (performance.now() - wrote >= beatMs) write(`: \nid: ${cursor}\n\n`)
    },
    end(reason) {
      if (over) return
      held = undefined
      this.event('end', { reason })
      over = true
      if (body.destroyed) return
      body.push(null)
      const timer = setTimeout(() => body.destroy(), LAST_WORDS_MS)
      body.once('close', () => clearTimeout(timer))
    },
  }
}
