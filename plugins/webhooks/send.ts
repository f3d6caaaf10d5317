// One request to one receiver: to a checked address, without redirects, within a time, with a bounded answer. What
// goes wrong at the other side is a result; only the caller's `signal` makes it throw.

import http from 'node:http'
import https from 'node:https'
import { rootCertificates } from 'node:tls'
import {
  connectionErrorInWords,
  isAllowedAddress,
  pinnedLookup,
  type Resolve,
  resolveLocal,
  resolvePublic,
  untilAborted,
} from 'frontdesk/plugin'
import { type NetworkRules, NOT_PUBLIC, parseTarget } from './target.js'

export interface Outcome {
  /** Null: no answer. */
  status: number | null
  /** The first bytes of the answer, as text. */
  answer: string | null
  /** Null: delivered. */
  error: string | null
  retryAfter: string | undefined
  durationMs: number
}

export interface SenderOptions {
  /** For the name, the connection, the request and the answer together. */
  timeoutMs?: number
  resolve?: Resolve
  /** A certificate to trust beside those that Node trusts. */
  ca?: string
}

export interface Post {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  rules: NetworkRules
  signal: AbortSignal
}

export type Send = (post: Post) => Promise<Outcome>

const MOST_READ = 8 * 1024
const MOST_KEPT = 1000
const SECOND = 1000

export function createSender({ timeoutMs = 10 * SECOND, resolve, ca }: SenderOptions = {}): Send {
  // Own agents: no waiting behind other requests of the process. No keep-alive: a connection that the receiver
  // closes at the moment of reuse looks like a failure, and the address is checked anew for every request.
  const agents = { http: new http.Agent(), https: new https.Agent() }
  return async ({ url, headers, body, rules, signal }) => {
    const start = performance.now()
    const result = (rest: Partial<Outcome>): Outcome => ({
      status: null,
      answer: null,
      error: null,
      retryAfter: undefined,
      durationMs: Math.round(performance.now() - start),
      ...rest,
    })
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      const target = parseTarget(url, rules)
      if (typeof target === 'string') return result({ error: `The URL ${target}.` })
      const look = resolve ?? (rules.allowPrivateNetworks ? resolveLocal : resolvePublic)
      const addresses = target.isAddress ? [target.host] : await untilAborted(limit, look(target.host))
      if (addresses.length === 0) return result({ error: 'The name of the receiver has no address.' })
      // One bad address is enough: which of them would be used is up to who answers.
      if (!addresses.every((address) => isAllowedAddress(address, rules.allowPrivateNetworks)))
        return result({ error: `The name of the receiver ${NOT_PUBLIC}.` })
      const secure = target.url.protocol === 'https:'
      const answer = await exchange((secure ? https : http).request, target.url, body, limit, {
        method: 'POST',
        agent: secure ? agents.https : agents.http,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        // What was checked is what is connected to: a name that now leads elsewhere changes nothing.
        lookup: pinnedLookup(addresses),
        maxHeaderSize: MOST_READ,
        // Said, because an environment variable of Node can switch it off for all who do not.
        ...(secure && { rejectUnauthorized: true, ...(ca && { ca: [...rootCertificates, ca] }) }),
      })
      return result(answer)
    } catch (error) {
      if (signal.aborted) throw error
      return result({
        error: limit.aborted
          ? `There was no whole answer within ${timeoutMs / 1000} s.`
          : connectionErrorInWords(error, 'receiver'),
      })
    }
  }
}

function exchange(
  request: typeof https.request,
  url: URL,
  body: string,
  signal: AbortSignal,
  options: https.RequestOptions,
): Promise<Partial<Outcome>> {
  return new Promise((resolve, reject) => {
    let answered: (() => void) | undefined
    const outgoing = request(url, { ...options, signal }, (response) => {
      const status = response.statusCode ?? 0
      const chunks: Buffer[] = []
      let size = 0
      // The status was said: an answer that is cut off or never ends changes nothing about it.
      const end = (answered = () => {
        // Also ends a request whose body the receiver did not read.
        outgoing.destroy()
        resolve({
          status,
          answer: readable(Buffer.concat(chunks)),
          error: verdict(status),
          retryAfter: response.headers['retry-after'],
        })
      })
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size >= MOST_READ) end()
      })
      response.on('end', end).on('error', end).on('close', end)
    })
    outgoing.on('error', (error) => (answered ? answered() : reject(error)))
    outgoing.end(body)
  })
}

function verdict(status: number): string | null {
  if (status >= 200 && status < 300) return null
  if (status >= 300 && status < 400)
    return `It answered ${status}, a redirect. Redirects are not followed: enter the final URL.`
  return `It answered ${status}.`
}

/** Control characters out: NUL is none for PostgreSQL, and the rest is none for a terminal. */
const readable = (bytes: Buffer): string =>
  bytes
    .toString('utf8')
    .slice(0, MOST_KEPT)
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ')
    .toWellFormed()
