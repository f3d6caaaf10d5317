// The built-in filters of the intake, in the order in which they run. Each may change the verdict; what it says
// is recorded in the trace under its name.
import type { Tx } from '../../db/types.js'
import type { Secrets } from '../../settings/secrets.js'
import type { Settings } from '../../settings/settings.js'
import type { Inbox } from '../../tickets/inboxes.js'
import type { IntakeContext, Verdict } from '../tokens.js'
import { answersToAgentMail } from './agent-mail.js'
import { authentication } from './authentication.js'
import { automatic } from './automatic.js'
import { blocked } from './blocked.js'
import { ownAddress } from './own-address.js'

export interface Finding {
  change?: Partial<Verdict>
  verdict: string
  evidence?: Record<string, unknown>
}

export interface IntakeFilter {
  readonly name: string
  /** Undefined: nothing to say about this message. */
  judge(
    context: IntakeContext & { readonly inbox: Inbox },
    verdict: Verdict,
    deps: { tx: Tx; settings: Settings; secrets: Secrets },
  ): Promise<Finding | undefined>
}

export const builtInFilters: readonly IntakeFilter[] = [
  authentication,
  ownAddress,
  automatic,
  answersToAgentMail,
  blocked,
]
