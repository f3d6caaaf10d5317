// Senders whom the administrator does not want to hear from.
import { canonicalAddress } from '../../people/contacts.js'
import { blockedSenders } from '../../settings/core.js'
import type { IntakeFilter } from './index.js'

export const blocked: IntakeFilter = {
  name: 'blocked-sender',
  async judge({ message }, _verdict, { settings }) {
    const from = canonicalAddress(message.from?.address ?? '')
    const rule = settings.get(blockedSenders).find((entry) => {
      const blocked = canonicalAddress(entry)
      return blocked.startsWith('@') ? from.endsWith(blocked) : from === blocked
    })
    if (!rule) return undefined
    return {
      verdict: 'blocked',
      evidence: { rule },
      change: { outcome: 'quarantine', reason: `the sender is blocked by ${rule}` },
    }
  },
}
