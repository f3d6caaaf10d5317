// Which policy a ticket is under: the first of the list whose conditions it meets. Never by name, never by age.
import type { Attributes } from '../ticket/history.js'
import type { Conditions, Policy } from './policy.js'

/** @param segments the names of those that the requester belongs to. */
export const choose = (
  policies: readonly Policy[],
  ticket: Attributes,
  segments: ReadonlySet<string>,
): Policy | undefined => policies.find(({ when }) => fits(when, ticket, segments))

function fits(when: Conditions, ticket: Attributes, segments: ReadonlySet<string>): boolean {
  const among = (wanted: readonly string[] | undefined, value: string | null) =>
    wanted === undefined || (value !== null && wanted.includes(value))
  return (
    among(when.inboxIds, ticket.inboxId) &&
    among(when.teamIds, ticket.teamId) &&
    among(when.priorities, ticket.priority) &&
    among(when.channels, ticket.channel) &&
    (when.tags?.some((tag) => ticket.tags.includes(tag)) ?? true) &&
    (when.segments?.some((name) => segments.has(name)) ?? true) &&
    Object.entries(when.fields ?? {}).every(([name, value]) => ticket.fields[name] === value)
  )
}

/** Addresses (`ann@guest.example`) and domains (`@guest.example`) by the name of the segment. */
export type Segments = Readonly<Record<string, readonly string[]>>

export function segmentsOf(segments: Segments, addresses: readonly string[]): ReadonlySet<string> {
  const lower = addresses.map((address) => address.toLowerCase())
  const belongs = (members: readonly string[]) =>
    members.some((member) => {
      const wanted = member.toLowerCase()
      return wanted.startsWith('@') ? lower.some((one) => one.endsWith(wanted)) : lower.includes(wanted)
    })
  return new Set(Object.keys(segments).filter((name) => belongs(segments[name]!)))
}
