// Which IP addresses a plugin may connect to for somebody who named a URL. Whoever may name one must not reach with it
// what only this machine can reach: its own services, the network behind it, the metadata of its cloud.
import { BlockList, isIP } from 'node:net'

type Family = 'ipv4' | 'ipv6'

function list(family: Family, ranges: string): BlockList {
  const found = new BlockList()
  for (const range of ranges.trim().split(/\s+/)) {
    const [net, prefix] = range.split('/') as [string, string]
    found.addSubnet(net, Number(prefix), family)
  }
  return found
}

/** Never, whatever is set: this host (RFC 1122), link-local and metadata, documentation, benchmarks, multicast, reserved. */
const never4 = list(
  'ipv4',
  `0.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
   224.0.0.0/4 240.0.0.0/4 100.100.100.200/32 168.63.129.16/32`,
)
const private4 = list('ipv4', '10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16')

/** All that is routed today (RFC 4291 §2.4). Mapped IPv4, NAT64 and link-local lie outside and need no rule of their own. */
const global6 = list('ipv6', '2000::/3')
/** IETF protocols with Teredo, documentation, 6to4: the last and Teredo hide an IPv4 address. */
const never6 = list('ipv6', '2001::/23 2001:db8::/32 2002::/16 3fff::/20 fd00:ec2::254/128')
const private6 = list('ipv6', '::1/128 fc00::/7')

/**
 * Whether somebody who named a URL may be connected to this address (SSRF). Ask it of the address that is connected to,
 * after the name was looked up.
 * @param address as text, without brackets.
 * @param allowPrivate also those of private networks and of this host; never those of metadata services.
 */
export function isAllowedAddress(address: string, allowPrivate: boolean): boolean {
  // A zone (fe80::1%eth0) belongs to link-local addresses only.
  if (address.includes('%')) return false
  const family = isIP(address)
  if (family === 4)
    return !never4.check(address, 'ipv4') && (allowPrivate || !private4.check(address, 'ipv4'))
  if (family === 6) {
    if (never6.check(address, 'ipv6')) return false
    return global6.check(address, 'ipv6') || (allowPrivate && private6.check(address, 'ipv6'))
  }
  return false
}
