// By which channels tickets come.
import type { Reader } from '../db/types.js'
import type { Desk } from './desk.js'

/** What the core itself writes: mail, logged calls, and tickets that a plugin opens without naming a channel. */
export const coreChannels = ['email', 'phone', 'api'] as const

/** Those of the core and of plugins, and whatever else is on a ticket: a plugin may open some under any name. */
export async function knownChannels(r: Reader, { channels }: Desk): Promise<string[]> {
  const { tickets } = r.t
  const found = await r.selectDistinct({ channel: tickets.channel }).from(tickets)
  return [...new Set([...channels, ...found.map(({ channel }) => channel)])]
}
