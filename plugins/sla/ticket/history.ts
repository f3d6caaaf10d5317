// The timeline of a ticket as the facts of its timers, and its attributes as they were at any entry.
import type { TicketView, TimelineEntry } from 'frontdesk/plugin'
import type { Fact } from '../engine/facts.js'
import type { Priority } from '../policy/policy.js'

/** What policies can ask for. */
export interface Attributes {
  readonly inboxId: string
  readonly teamId: string | null
  readonly assigneeId: string | null
  readonly priority: Priority
  readonly channel: string
  readonly status: string
  readonly tags: readonly string[]
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Moment {
  readonly at: number
  readonly seq: number
  readonly attributes: Attributes
}

export interface History {
  readonly facts: readonly Fact[]
  /** The creation, and every change of an attribute. */
  readonly moments: readonly [Moment, ...Moment[]]
  /** The last entry that was not written by this plugin itself. */
  readonly seq: number
  /** The latest instant in its timeline, in milliseconds. */
  readonly last: number
}

export interface Reading {
  readonly botsAnswer: boolean
  readonly spamTags: readonly string[]
  /** Direction of messages that were moved here from other tickets. */
  readonly moved?: ReadonlyMap<string, 'in' | 'out' | 'note'>
}

export function historyOf(ticket: TicketView, entries: readonly TimelineEntry[], reading: Reading): History {
  const timeline = inTime(entries)
  const moments = momentsOf(ticket, timeline)
  return {
    facts: [...factsOf(ticket, timeline, reading), ...statesOf(moments, timeline, reading)],
    moments,
    seq: timeline.findLast((entry) => !isOwn(entry))?.seq ?? 0,
    last: timeline.at(-1)?.at.getTime() ?? 0,
  }
}

/** The clock may have been put back: an answer comes after its question all the same, not before. */
function inTime(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  let last = entries[0]?.at ?? new Date(0)
  return entries.map((entry) => {
    if (entry.at >= last) last = entry.at
    return entry.at === last ? entry : { ...entry, at: last }
  })
}

/** Nothing but its own fields: of no interest to the timers. */
export const isOwn = ({ type, data }: TimelineEntry): boolean =>
  type === 'changed' && Object.keys(data).every((name) => name.startsWith('sla.'))

/** What entries `changed` do not name is as it is now; what they do is followed back to the beginning. */
function momentsOf(ticket: TicketView, timeline: readonly TimelineEntry[]): [Moment, ...Moment[]] {
  const changed = timeline.filter(({ type }) => type === 'changed')
  let now: Attributes = { ...attributesOf(ticket), fields: {} }
  for (const { data } of changed.toReversed()) now = applied(now, data, 0)
  const first: Moment = {
    at: ticket.createdAt.getTime(),
    seq: timeline[0]?.seq ?? 0,
    attributes: { ...now, fields: {} },
  }
  const moments: [Moment, ...Moment[]] = [first]
  now = first.attributes
  for (const { at, seq, data } of changed) {
    now = applied(now, data, 1)
    moments.push({ at: at.getTime(), seq, attributes: now })
  }
  return moments
}

const attributesOf = ({ inboxId, teamId, assigneeId, priority, channel, status, tags }: TicketView) => ({
  inboxId,
  teamId,
  assigneeId,
  priority,
  channel,
  status,
  tags,
})

const OWN = new Set(['inboxId', 'teamId', 'assigneeId', 'priority', 'status', 'tags'])

/** @param side 0: what was before; 1: what came. */
function applied(to: Attributes, data: TimelineEntry['data'], side: 0 | 1): Attributes {
  const own: Record<string, unknown> = {}
  const fields: Record<string, unknown> = {}
  for (const [name, change] of Object.entries(data)) {
    if (!Array.isArray(change)) continue
    if (OWN.has(name)) own[name] = change[side]
    else if (name.includes('.') && !name.startsWith('sla.')) fields[name] = change[side]
  }
  return { ...to, ...own, fields: { ...to.fields, ...fields } }
}

/** Status and tags as facts, from what they were to what they became. */
function statesOf(
  moments: readonly Moment[],
  timeline: readonly TimelineEntry[],
  { spamTags }: Reading,
): Fact[] {
  const by = new Map(
    timeline.map(({ seq, actorKind, actorId }) => [seq, actorKind === 'agent' ? actorId : null]),
  )
  const facts: Fact[] = []
  let status = 'new'
  let tags = ''
  let spam = false
  for (const { at, seq, attributes } of moments) {
    if (attributes.status !== status)
      facts.push({ at, type: 'status', status: attributes.status, by: by.get(seq) ?? null })
    if (attributes.tags.join('\n') !== tags) facts.push({ at, type: 'tags', tags: attributes.tags })
    const marked = attributes.tags.some((tag) => spamTags.includes(tag))
    if (marked !== spam) facts.push({ at, type: marked ? 'spam' : 'not_spam' })
    status = attributes.status
    tags = attributes.tags.join('\n')
    spam = marked
  }
  return facts
}

function factsOf(ticket: TicketView, timeline: readonly TimelineEntry[], reading: Reading): Fact[] {
  const created = ticket.createdAt.getTime()
  const gone = goneFrom(ticket, timeline)
  const sent = new Set<string>()
  const facts = timeline.flatMap((entry): Fact[] => {
    const { type, messageId, data, actorKind, actorId } = entry
    const at = entry.at.getTime()
    if (messageId !== null && gone.has(messageId)) return []
    switch (type) {
      case 'message_received':
        return data.automatic ? [] : [{ at, type: 'inbound' }]
      case 'message_queued': {
        if (messageId === null || sent.has(messageId)) return []
        sent.add(messageId)
        const person = actorKind === 'agent'
        if (data.automatic || (!person && !reading.botsAnswer)) return []
        // What is to go out later answers nobody before it does.
        const goes = typeof data.sendAt === 'string' ? Math.max(at, Date.parse(data.sendAt)) : at
        return [{ at: goes, type: 'response', by: person ? actorId : null }]
      }
      case 'call_logged':
        return [callOf(data, at, actorId)]
      case 'message_moved':
        return arrived(entry, ticket, timeline, reading)
      case 'merged':
        return 'into' in data ? [{ at, type: 'merged' }] : []
      default:
        return []
    }
  })
  const atOnce = (type: Fact['type']) => facts.some((fact) => fact.type === type && fact.at === created)
  // Nobody waits for an answer to what a machine has sent, or to what the desk itself began.
  const outbound = atOnce('response') || (isByMachine(timeline, created) && !atOnce('inbound'))
  return [{ at: created, type: 'created', outbound }, ...facts]
}

const isByMachine = (timeline: readonly TimelineEntry[], created: number) =>
  timeline.some(
    ({ type, at, data }) => type === 'message_received' && at.getTime() === created && data.automatic,
  )

function callOf({ direction, answered }: TimelineEntry['data'], at: number, by: string | null): Fact {
  if (direction === 'out') return { at, type: 'response', by }
  return answered ? { at, type: 'talk', by } : { at, type: 'inbound' }
}

/** Messages that were taken back, or moved to another ticket and not back again. */
function goneFrom(ticket: TicketView, timeline: readonly TimelineEntry[]): Set<string> {
  const gone = new Set<string>()
  for (const { type, messageId, data } of timeline) {
    if (messageId === null) continue
    if (type === 'message_cancelled') gone.add(messageId)
    if (type === 'message_moved' && data.from === ticket.id) gone.add(messageId)
    if (type === 'message_moved' && data.to === ticket.id) gone.delete(messageId)
  }
  return gone
}

/** A message from another ticket waits here from the moment it came; one that came back waits as before. */
function arrived(
  entry: TimelineEntry,
  ticket: TicketView,
  timeline: readonly TimelineEntry[],
  reading: Reading,
): Fact[] {
  const { messageId, data } = entry
  if (data.to !== ticket.id || messageId === null) return []
  const known = timeline.some(
    (one) =>
      one.messageId === messageId && (one.type === 'message_received' || one.type === 'message_queued'),
  )
  return !known && reading.moved?.get(messageId) === 'in' ? [{ at: entry.at.getTime(), type: 'inbound' }] : []
}
