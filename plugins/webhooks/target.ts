// The address of a receiver, as far as it can be judged without asking DNS.

import { isIP } from 'node:net'
import { isAllowedAddress } from 'frontdesk/plugin'

export interface NetworkRules {
  allowHttp: boolean
  allowPrivateNetworks: boolean
}

export interface Target {
  url: URL
  /** Without brackets; lower case, and an IPv4 address in its usual form, however it was written. */
  host: string
  isAddress: boolean
}

/** Below it stand services that mistake a request for something else: mail, SSH, DNS. */
const FIRST_FREE_PORT = 1024

/** @returns a sentence where it may not be used. */
export function parseTarget(text: string, rules: NetworkRules): Target | string {
  // URL.canParse came later than some Node 20.
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'is not a URL'
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && rules.allowHttp))
    return rules.allowHttp ? 'must begin with https:// or http://' : 'must begin with https://'
  if (url.username !== '' || url.password !== '')
    return 'must not have a user name or password in it: verify the signature instead'
  if (url.port !== '' && url.port !== '443' && url.port !== '80' && Number(url.port) < FIRST_FREE_PORT)
    return 'must use port 80, 443 or one from 1024 on'
  // The URL parser has turned 2130706433, 0x7f.1 and 0177.0.0.1 into 127.0.0.1 already (WHATWG URL §3.5).
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const isAddress = isIP(host) !== 0
  if (isAddress && !isAllowedAddress(host, rules.allowPrivateNetworks)) return NOT_PUBLIC
  if (/(^|\.)localhost\.?$/.test(host) && !rules.allowPrivateNetworks) return NOT_PUBLIC
  return { url, host, isAddress }
}

export const NOT_PUBLIC = 'leads to an address that webhooks may not be sent to'
