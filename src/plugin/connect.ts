// How a plugin connects for somebody who named a URL: the name is looked up, the addresses are checked (addresses.ts), and
// what was checked is what is connected to.
import { promises as dns } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

/** All addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * From DNS, without the hosts file. Not by `dns.lookup`: it waits in the thread pool that files and passwords need
 * too, and a few receivers with a dead name server would stop those.
 */
export async function resolvePublic(host: string): Promise<readonly string[]> {
  const resolver = new dns.Resolver({ timeout: 2000, tries: 2 })
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  const failed = answers.find((answer) => answer.status === 'rejected')
  if (found.length === 0 && failed) throw failed.reason
  return found
}

/** As every program of this machine: names of an own network often stand in a hosts file. */
export const resolveLocal: Resolve = async (host) =>
  (await dns.lookup(host, { all: true })).map(({ address }) => address)

/** For the option `lookup` of a request: a name that leads elsewhere by now changes nothing. @param addresses at least one. */
export function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, options, callback) => {
    if (options.all) callback(null, all)
    else callback(null, all[0]!.address, all[0]!.family)
  }
}

/** What `work` comes to, or the reason of the signal as soon as it is aborted: a look-up cannot be called off. */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let stop = () => {}
  const over = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
  })
  return Promise.race([work, over]).finally(() => signal.removeEventListener('abort', stop))
}
