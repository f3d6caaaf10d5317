// What can happen to a ticket, as far as its timers are concerned. Instants are milliseconds.
import type { Calendar, Rule } from './timer.js'

export type Fact =
  /** `outbound`: an agent opened it, nobody waits for an answer yet. */
  | { readonly at: number; readonly type: 'created'; readonly outbound?: boolean }
  /** Somebody outside has written, or called and was not answered. */
  | { readonly at: number; readonly type: 'inbound' }
  /** A person of the desk has written, or called: `by` names the agent. */
  | { readonly at: number; readonly type: 'response'; readonly by?: string | null }
  /** A call that was answered: question and answer at once. */
  | { readonly at: number; readonly type: 'talk'; readonly by?: string | null }
  | { readonly at: number; readonly type: 'status'; readonly status: string; readonly by?: string | null }
  | { readonly at: number; readonly type: 'tags'; readonly tags: readonly string[] }
  | { readonly at: number; readonly type: 'spam' | 'not_spam' | 'merged' }
  /** From now on these targets hold, and no others. */
  | { readonly at: number; readonly type: 'rules'; readonly rules: readonly Rule[] }
  /** A calendar has a new version. */
  | { readonly at: number; readonly type: 'calendar'; readonly calendar: Calendar }
