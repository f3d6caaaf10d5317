// The address of a feed, as far as it can be judged without asking DNS.

import { isIP } from 'node:net'
import { isAllowedAddress } from 'frontdesk/plugin'

export interface Rules {
  readonly allowPrivateNetworks: boolean
}

export interface Target {
  readonly url: URL
  /** Without brackets; an IPv4 address in its usual form, however it was written. */
  readonly host: string
  readonly isAddress: boolean
}

export const NOT_PUBLIC = 'leads to an address that no feed may have'

/** Below it stand services that mistake a request for something else: mail, SSH, DNS. */
const FIRST_FREE_PORT = 1024

/** @returns a sentence where it may not be used. */
export function parseTarget(text: string, { allowPrivateNetworks }: Rules): Target | string {
  // The parser takes them away, and something else than what is shown would be read.
  if (/[\u0000-\u0020\u007f]/.test(text)) return 'has characters that no URL has'
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'is not a URL'
  }
  if (url.protocol === 'webcal:') return 'must begin with https://: write that instead of webcal://'
  if (url.protocol !== 'https:') return 'must begin with https://'
  if (url.username !== '' || url.password !== '') return 'must not have a user name or password in it'
  if (url.port !== '' && Number(url.port) < FIRST_FREE_PORT) return 'must use port 443 or one from 1024 on'
  // The URL parser has turned 2130706433, 0x7f.1 and 0177.0.0.1 into 127.0.0.1 already (WHATWG URL §3.5).
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const isAddress = isIP(host) !== 0
  if (isAddress && !isAllowedAddress(host, allowPrivateNetworks)) return NOT_PUBLIC
  if (/(^|\.)localhost\.?$/.test(host) && !allowPrivateNetworks) return NOT_PUBLIC
  return { url, host, isAddress }
}
