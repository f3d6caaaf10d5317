// What a client is told of one entry of the timeline: who, what, when, which ticket; never the text of a message.
import type { TimelineRow } from '../../tickets/timeline.js'
import type { LiveFilter } from './connection.js'

export type Changes = Record<string, readonly [from: unknown, to: unknown] | null>

/** The data of the event, in JSON. */
export const liveEntry = (row: TimelineRow, ticketNumber: number): string =>
  JSON.stringify({
    seq: row.seq,
    type: row.type,
    ticketId: row.ticketId,
    ticketNumber,
    at: row.at,
    actor: { kind: row.actorKind, id: row.actorId },
    messageId: row.messageId,
    changes: changesOf(row),
  })

/** Fields of plugins can be long; then the names have to do, and the client reads the ticket. */
const MOST_CHARACTERS = 1000

// What other entries carry is not for everybody who sees this ticket: a link names one that may be hidden.
function changesOf({ type, data }: TimelineRow): Changes {
  if (type === 'stage_changed') return { [String(data.workflow)]: [data.from, data.to] }
  if (type !== 'changed') return {}
  const changes = data as Changes
  if (JSON.stringify(changes).length <= MOST_CHARACTERS) return changes
  return Object.fromEntries(Object.keys(changes).map((field) => [field, null]))
}

export const wants = (
  { inboxId, ticketId, types }: LiveFilter,
  row: TimelineRow,
  ticket: { inboxId: string },
): boolean =>
  (inboxId === undefined || inboxId === ticket.inboxId) &&
  (ticketId === undefined || ticketId === row.ticketId) &&
  (types === undefined || types.includes(row.type))
