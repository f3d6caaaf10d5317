// Names to addresses.
import { promises as dns } from 'node:dns'

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
