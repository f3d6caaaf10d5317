// frontdesk sla verify: whether what is stored of every ticket is what its history, policies and calendars say.
import { setTimeout } from 'node:timers/promises'
import type { Command } from 'frontdesk/plugin'
import type { Parts } from './plan.js'
import { type Difference, type Verified, verify } from './verify.js'

/** What happened a moment ago is taken into account by a job: what differs is looked at a second time. */
const MOMENT_MS = 2_000

export const verifyCommand = (parts: Parts): Command => ({
  name: 'verify',
  usage: 'sla verify [--json]',
  summary: 'Compute the timers of all tickets anew and say where what is stored differs. Changes nothing.',
  options: { json: { type: 'boolean' } },
  async run({ args, values, say }) {
    if (args.length > 0) {
      say('usage: frontdesk sla verify [--json]')
      return 2
    }
    const found = await settled(parts)
    if (values.json) say(JSON.stringify({ ...found, looks: Object.fromEntries(found.looks) }))
    else inWords(found).forEach(say)
    return found.differences.length > 0 ? 1 : 0
  },
})

async function settled(parts: Parts): Promise<Verified> {
  const first = await verify(parts)
  if (first.differences.length === 0) return first
  await setTimeout(MOMENT_MS)
  const again = await verify(parts, [...new Set(first.differences.map(({ ticketId }) => ticketId))])
  return { ...first, differences: again.differences }
}

function inWords({ tickets, differences }: Verified): string[] {
  const differing = new Set(differences.map(({ ticketId }) => ticketId)).size
  const sum = differences.length === 0 ? 'all are as computed' : `${differing} differ from what is computed`
  return [...differences.map(line), `${tickets} tickets: ${sum}.`]
}

const line = ({ number, what, stored, computed }: Difference) =>
  `#${number} ${what}: stored ${JSON.stringify(stored)}, computed ${JSON.stringify(computed)}`
