// What our own mail server found out about the sender. Only the host that the inbox names is believed: anybody
// can write an Authentication-Results header (RFC 8601 §5).
import type { IntakeFilter } from './index.js'

export const authentication: IntakeFilter = {
  name: 'authentication',
  async judge({ inbox, message }) {
    const host = inbox.options.authHost?.toLowerCase()
    if (!host) return undefined
    // The server that delivered to us adds its header on top: only the first with its name can be its own.
    const result = message.authenticationResults.find((line) => authservId(line) === host)
    if (!result) return undefined
    const dmarc = /\bdmarc=(\w+)/i.exec(result)?.[1]?.toLowerCase()
    const failed = dmarc === 'fail'
    return {
      verdict: failed ? 'not aligned' : (dmarc ?? 'no dmarc'),
      evidence: { host, result: result.slice(0, 300) },
      ...(failed && { change: { trusted: false } }),
    }
  },
}

const authservId = (line: string) => /^\s*([^\s;]+)/.exec(line)?.[1]?.toLowerCase()
