// What machines answer to a mail that the desk wrote to an agent: an absence, a bounce. As a ticket it would be one more
// thing to tell the agent of, whose machine answers again. What agents write themselves is a mail like any other.
import type { Tx } from '../../db/types.js'
import { agentAddresses } from '../../people/agents.js'
import { canonicalAddress } from '../../people/contacts.js'
import { isNoticeId } from '../../tickets/capability.js'
import type { InboundMessage } from '../mime/message.js'
import type { IntakeFilter } from './index.js'

export const answersToAgentMail: IntakeFilter = {
  name: 'agent-mail',
  async judge({ message }, _verdict, { tx, secrets }) {
    if (!message.automatic) return undefined
    const ids = idsOf(message)
    const known = ids.find((one) => isNoticeId(secrets, one))
    // Some machines do not say what they answer: then it has to do that they are those of agents.
    const agents = ids.length === 0 ? await writtenTo(tx, message) : []
    if (!known && agents.length === 0) return undefined
    const failed = message.automatic === 'bounce'
    return {
      verdict: failed ? 'bounce' : 'answer of a machine',
      evidence: known ? { id: known } : { agents },
      change: failed
        ? { outcome: 'quarantine', reason: 'a mail to an agent came back' }
        : { outcome: 'reject', reason: 'a machine has answered a mail to an agent' },
    }
  },
}

const idsOf = ({ bounce, inReplyTo, references }: InboundMessage): string[] => [
  ...inReplyTo,
  ...references,
  ...(bounce?.originalMessageId ? [bounce.originalMessageId] : []),
]

/** Addresses of agents whose machine wrote this, or to whom it could not be delivered. */
async function writtenTo(tx: Tx, { automatic, bounce, from }: InboundMessage): Promise<string[]> {
  const of =
    automatic === 'bounce' ? (bounce?.recipients ?? []) : automatic === 'auto-reply' && from ? [from] : []
  const addresses = of.map(({ address }) => canonicalAddress(address))
  const known = await agentAddresses(tx, addresses.slice(0, 50))
  return addresses.every((address) => known.has(address)) ? addresses : []
}
