// Under which policy a ticket stood from when on. Decided once for each change, and kept as a fact: what is decided
// depends on who the requester belonged to at that time.
import { choose } from '../policy/choose.js'
import { type Policy, targetsFor } from '../policy/policy.js'
import type { Target } from '../policy/target.js'
import type { Moment } from './history.js'

export interface Assignment {
  /** Milliseconds. */
  readonly at: number
  readonly revision: number
  readonly policyId: string | null
  readonly policyVersion: number | null
  readonly calendarId: string | null
  readonly targets: readonly Target[]
  readonly why: string
}

/** One state of the whole list of policies. */
export interface Book {
  readonly revision: number
  readonly at: number
  readonly policies: readonly Policy[]
}

export interface Binding {
  readonly book: Book
  readonly boundAt: number
  /** The books that came after it, the oldest first. */
  readonly later: readonly Book[]
}

/** When each policy of the book was switched off or taken away since. */
function endsOf({ book, later }: Binding): ReadonlyMap<string, number> {
  const ends = new Map<string, number>()
  for (const { at, policies } of later) {
    const on = new Set(policies.filter(({ enabled }) => enabled).map(({ id }) => id))
    for (const { id, enabled } of book.policies) if (enabled && !on.has(id) && !ends.has(id)) ends.set(id, at)
  }
  return ends
}

export interface Known {
  readonly moments: readonly [Moment, ...Moment[]]
  /** The last entry of the timeline that was judged before. */
  readonly judged: number
  readonly last: Assignment | undefined
  readonly binding: Binding
  /** Those that the requester belongs to. */
  readonly segments: ReadonlySet<string>
}

const OFF = 'its policy was switched off'

/** What has to be added to the assignments that there are: at the binding, at changes, and where a policy ended. */
export function assignmentsFor(
  { moments, judged, last, binding, segments }: Known,
  now: number,
): Assignment[] {
  const { book, boundAt } = binding
  const ends = endsOf(binding)
  const momentAt = (at: number) => moments.findLast((one) => one.at <= at) ?? moments[0]
  const bound = last === undefined || last.at < boundAt
  const points = [
    ...(bound ? [{ at: boundAt, moment: momentAt(boundAt), why: last ? 're-applied' : 'new' }] : []),
    ...moments
      .filter(({ seq, at }) => seq > judged && (at > boundAt || (!bound && at === boundAt)))
      .map((moment) => ({ at: moment.at, moment, why: 'the ticket changed' })),
    ...[...new Set(ends.values())].map((at) => ({ at, moment: momentAt(at), why: OFF })),
  ].sort((a, b) => a.at - b.at)

  const found: Assignment[] = []
  let current = last
  for (const { at, moment, why } of points) {
    if (at > now || (current && at < current.at)) continue
    const off = why === OFF
    // Whose policy was switched off is under none, until policies are applied anew.
    if (off ? !current?.policyId || ends.get(current.policyId) !== at : current?.why === OFF && at > boundAt)
      continue
    const on = book.policies.filter(({ id, enabled }) => enabled && (ends.get(id) ?? Infinity) > at)
    const policy = off ? undefined : choose(on, moment.attributes, segments)
    const next = assignment(policy, moment.attributes.priority, book.revision, at, why)
    if (sameRule(current, next)) continue
    found.push(next)
    current = next
  }
  return found
}

const NONE = { policyId: null, policyVersion: null, calendarId: null, targets: [] } as const

const assignment = (
  policy: Policy | undefined,
  priority: Moment['attributes']['priority'],
  revision: number,
  at: number,
  why: string,
): Assignment =>
  policy
    ? {
        at,
        revision,
        policyId: policy.id,
        policyVersion: policy.version,
        calendarId: policy.calendarId,
        targets: targetsFor(policy, priority),
        why,
      }
    : { ...NONE, at, revision, why }

const sameRule = (a: Assignment | undefined, b: Assignment) =>
  a !== undefined &&
  a.policyId === b.policyId &&
  a.policyVersion === b.policyVersion &&
  JSON.stringify(a.targets) === JSON.stringify(b.targets)
