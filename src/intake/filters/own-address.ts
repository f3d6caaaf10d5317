// Mail in the name of one of our own inboxes: a loop, or somebody who pretends. It is never the parent of anything
// and never answered.

import { canonicalAddress } from '../../people/contacts.js'
import { allInboxes } from '../../tickets/inboxes.js'
import type { IntakeFilter } from './index.js'

export const ownAddress: IntakeFilter = {
  name: 'own-address',
  async judge({ message }, _verdict, { tx }) {
    const own = new Set((await allInboxes(tx)).map(({ address }) => address))
    const from = canonicalAddress(message.from?.address ?? '')
    const loop = message.loop.find((value) => own.has(canonicalAddress(value)))
    if (loop)
      return {
        verdict: 'loop',
        evidence: { loop },
        change: {
          outcome: 'quarantine',
          reason: `a loop: the mail was sent by ${loop}`,
          own: true,
          automatic: 'auto-reply',
        },
      }
    if (!own.has(withoutTag(from))) return undefined
    return {
      verdict: 'own address',
      evidence: { from },
      change: { outcome: 'quarantine', reason: `written in the name of this desk's own ${from}`, own: true },
    }
  },
}

const withoutTag = (address: string) => address.replace(/\+[^@]*(?=@)/, '')
