// Reads one feed: from a checked address, within a time and a size. What goes wrong at the other side is a result;
// only the caller's `signal` makes it throw.

import https from 'node:https'
import { rootCertificates } from 'node:tls'
import {
  connectionErrorInWords,
  isAllowedAddress,
  pinnedLookup,
  resolveLocal,
  resolvePublic,
  untilAborted,
} from 'frontdesk/plugin'
import { NOT_PUBLIC, parseTarget, type Rules } from './target.js'

export interface Known {
  readonly etag: string | null
  readonly lastModified: string | null
}

export type Fetched =
  | ({ readonly kind: 'text'; readonly text: string } & Known)
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly reason: string }

export type FetchFeed = (
  url: string,
  known: Known | undefined,
  rules: Rules,
  signal: AbortSignal,
) => Promise<Fetched>

export interface FetchOptions {
  timeoutMs?: number
  resolve?: (host: string) => Promise<readonly string[]>
  /** A certificate to trust beside those that Node trusts. */
  ca?: string
}

export const MOST_BYTES = 2 * 1024 * 1024
const MOST_REDIRECTS = 3

interface Answer {
  readonly status: number
  readonly text: string
  readonly tooLarge: boolean
  readonly etag: string | null
  readonly lastModified: string | null
  readonly location: string | null
}

const failed = (reason: string): Fetched => ({ kind: 'failed', reason })

export function createFetch({ timeoutMs = 15_000, resolve, ca }: FetchOptions = {}): FetchFeed {
  const agent = new https.Agent()
  return async (url, known, rules, signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      let at = url
      for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
        const target = parseTarget(at, rules)
        if (typeof target === 'string') return failed(`The URL of the feed ${target}.`)
        const look = resolve ?? (rules.allowPrivateNetworks ? resolveLocal : resolvePublic)
        const addresses = target.isAddress ? [target.host] : await untilAborted(limit, look(target.host))
        if (addresses.length === 0) return failed('The name in the URL of the feed has no address.')
        // One bad address is enough: which of them would be used is up to who answers.
        if (!addresses.every((address) => isAllowedAddress(address, rules.allowPrivateNetworks)))
          return failed(`The name in the URL of the feed ${NOT_PUBLIC}.`)
        const answer = await get(target.url, limit, {
          agent,
          headers: headersFor(known),
          // What was checked is what is connected to: a name that now leads elsewhere changes nothing.
          lookup: pinnedLookup(addresses),
          maxHeaderSize: 16 * 1024,
          // Said, because an environment variable of Node can switch it off for all who do not.
          rejectUnauthorized: true,
          ...(ca && { ca: [...rootCertificates, ca] }),
        })
        if (!isRedirect(answer.status)) return verdict(answer)
        const next = follow(answer.location, target.url)
        if (next === undefined)
          return failed(
            `It answered ${answer.status}, a redirect to elsewhere, which is not followed: enter the final URL.`,
          )
        at = next
      }
      return failed('It redirects from one place to the next without end.')
    } catch (error) {
      if (signal.aborted) throw error
      return failed(
        limit.aborted
          ? `There was no whole answer within ${timeoutMs / 1000} s.`
          : connectionErrorInWords(error, 'server of the feed'),
      )
    }
  }
}

const headersFor = (known: Known | undefined) => ({
  accept: 'text/calendar, text/plain;q=0.5, */*;q=0.1',
  // Packed, a small answer could become a very large one.
  'accept-encoding': 'identity',
  'user-agent': 'frontdesk',
  ...(known?.etag && { 'if-none-match': known.etag }),
  ...(known?.lastModified && { 'if-modified-since': known.lastModified }),
})

/** To the same server only: another one was never agreed to by whoever entered the URL. */
function follow(location: string | null, from: URL): string | undefined {
  try {
    const to = new URL(location ?? '', from)
    return location !== null && to.origin === from.origin ? to.href : undefined
  } catch {
    return undefined
  }
}

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status)

function verdict({ status, text, tooLarge, etag, lastModified }: Answer): Fetched {
  if (status === 304) return { kind: 'unchanged' }
  if (status !== 200) return failed(`It answered ${status}.`)
  if (tooLarge) return failed('It is larger than 2 MB.')
  return { kind: 'text', text, etag, lastModified }
}

function get(url: URL, signal: AbortSignal, options: https.RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = https.get(url, { ...options, signal }, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      const end = () => {
        outgoing.destroy()
        const { etag, location, 'last-modified': lastModified } = response.headers
        resolve({
          status: response.statusCode ?? 0,
          text: size > MOST_BYTES ? '' : Buffer.concat(chunks).toString('utf8'),
          tooLarge: size > MOST_BYTES,
          etag: short(etag),
          lastModified: short(lastModified),
          location: location ?? null,
        })
      }
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MOST_BYTES) end()
        else chunks.push(chunk)
      })
      // A feed that was cut off would be one with fewer holidays.
      response.on('end', end).on('error', reject)
      response.on('close', () => {
        if (!response.complete) reject(Object.assign(new Error('cut off'), { code: 'ECONNRESET' }))
      })
    })
    outgoing.on('error', reject)
  })
}

/** They are sent back as they came; a very long one is not worth it. */
const short = (header: string | undefined): string | null =>
  header !== undefined && header.length <= 500 && /^[\x20-\x7e]+$/.test(header) ? header : null
