// What a policy is: for which tickets, by which calendar, with which targets. Its place in the list decides.
import type { Target } from './target.js'

type Priority = 'low' | 'normal' | 'high' | 'urgent'

/** All that is given must fit; of each list one must. */
export interface Conditions {
  readonly inboxIds?: readonly string[]
  readonly teamIds?: readonly string[]
  readonly priorities?: readonly Priority[]
  readonly tags?: readonly string[]
  readonly channels?: readonly string[]
  /** Addresses (`ann@guest.example`) and domains (`@guest.example`) of the requester, by the name of their segment. */
  readonly segments?: readonly string[]
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

export interface Policy {
  readonly id: string
  readonly version: number
  readonly name: string
  readonly enabled: boolean
  readonly calendarId: string
  readonly when: Conditions
  /** For every priority that has none of its own. */
  readonly targets: readonly Target[]
  readonly byPriority?: Readonly<Partial<Record<Priority, readonly Target[]>>>
}
