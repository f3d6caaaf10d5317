// Tokens of the intake: the filter that plugins can add rules with, its verdict, and the jobs behind it.
import Type from 'typebox'
import { MINUTE, SECOND } from '../clock.js'
import { defineFilter } from '../hooks/tokens.js'
import { defineJob, exponential } from '../jobs/types.js'
import type { InboxView } from '../tickets/inboxes.js'
import type { InboundMessage } from './mime/message.js'

export interface Verdict {
  /** What becomes of the message; the first filter that says anything but `accept` decides. */
  outcome: 'accept' | 'quarantine' | 'reject'
  reason: string | null
  automatic: InboundMessage['automatic']
  /** Written by this desk itself, or in the name of one of its inboxes. */
  own: boolean
  /** May its sender be taken for who the address says? Not after a failed authentication. */
  trusted: boolean
}

export interface IntakeContext {
  readonly intakeId: string
  readonly inbox: InboxView
  readonly message: InboundMessage
}

/** Judges a message before it is threaded. Plugins come after the built-in filters. */
export const receiveMessage = defineFilter<Verdict, IntakeContext>(
  'receiveMessage',
  Type.Object({
    outcome: Type.Union([Type.Literal('accept'), Type.Literal('quarantine'), Type.Literal('reject')]),
    reason: Type.Union([Type.String(), Type.Null()]),
    automatic: Type.Union([Type.String(), Type.Null()]),
    own: Type.Boolean(),
    trusted: Type.Boolean(),
  }),
)

/** Three tries for a mail that takes the parser down, then it stands aside, visibly. */
export const processIntake = defineJob<{ intakeId: string; keys: string[] }>('intake', {
  attempts: 4,
  concurrency: 48,
  timeoutMs: 2 * MINUTE,
  backoff: exponential(2 * SECOND, MINUTE),
})
