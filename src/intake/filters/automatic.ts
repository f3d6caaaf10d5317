// Automatic mail (RFC 3834, RFC 3464) is stored and threaded, but wakes nobody. The rules are those of
// `mime/automatic.ts`; here they become the verdict.
import { openBulk } from '../../settings/core.js'
import type { IntakeFilter } from './index.js'

export const automatic: IntakeFilter = {
  name: 'automatic',
  async judge({ message }, _verdict, { settings }) {
    if (!message.automatic) return undefined
    const unwanted = message.automatic === 'bulk' && !settings.get(openBulk)
    return {
      verdict: message.automatic,
      evidence: { by: message.automaticBy },
      change: {
        automatic: message.automatic,
        ...(unwanted && { outcome: 'quarantine' as const, reason: 'bulk mail does not open tickets here' }),
      },
    }
  },
}
