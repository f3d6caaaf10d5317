// What plugins can read of the desk: the core's own queries, each with an end to what it answers.
import { readAgents, readTeams } from '../people/agents.js'
import { readContact } from '../people/contacts.js'
import { visibleAmong } from '../tickets/access.js'
import { ticketById, ticketByNumber } from '../tickets/create.js'
import { allInboxes, inboxById } from '../tickets/inboxes.js'
import { listMessages, messageById } from '../tickets/messages.js'
import { ticketsByIds, ticketsInOrder } from '../tickets/pages.js'
import { readTimeline, readTimelines } from '../tickets/timeline.js'
import { coreReader as reader } from './app.js'
import type { PluginDesk } from './desk.js'

/** At most so many rows from one call, and so many tickets in one. */
const MOST = 200
/** Of one timeline, where several are read. */
const MOST_ENTRIES = 500

const bounded = (limit: number, most = MOST) => Math.max(0, Math.min(Math.trunc(limit), most))

/** Cut silently, a batch would look as if the rest were not there. */
function batch(ids: readonly string[]): string[] {
  const once = [...new Set(ids)]
  if (once.length > MOST) throw new RangeError(`at most ${MOST} tickets at once, not ${once.length}`)
  return once
}

export const readers: Pick<
  PluginDesk,
  | 'ticket'
  | 'ticketsById'
  | 'tickets'
  | 'visibleTickets'
  | 'message'
  | 'messages'
  | 'contact'
  | 'inbox'
  | 'inboxes'
  | 'timeline'
  | 'timelines'
  | 'agent'
  | 'agents'
  | 'team'
  | 'teams'
> = {
  ticket: (r, key) =>
    /^\d{1,15}$/.test(key) ? ticketByNumber(reader(r), Number(key)) : ticketById(reader(r), key),
  async ticketsById(r, ids) {
    const wanted = batch(ids)
    const rows = wanted.length > 0 ? await ticketsByIds(reader(r), wanted) : []
    return new Map(rows.map((row) => [row.id, row]))
  },
  tickets: (r, { limit = MOST, ...from } = {}) =>
    ticketsInOrder(reader(r), { ...from, limit: bounded(limit) }),
  async visibleTickets(r, who, ids) {
    const wanted = batch(ids)
    if (wanted.length === 0) return []
    const seen = await visibleAmong(reader(r), who, wanted)
    return wanted.filter((id) => seen.has(id))
  },

  message: (r, id) => messageById(reader(r), id),
  messages: (r, ticketId, { after, limit = MOST } = {}) =>
    listMessages(reader(r), ticketId, after, bounded(limit)),
  timeline: (r, ticketId, { since = 0, limit = MOST } = {}) =>
    readTimeline(reader(r), ticketId, since, bounded(limit)),
  async timelines(r, ticketIds, { limit = MOST } = {}) {
    const wanted = batch(ticketIds)
    if (wanted.length === 0) return new Map()
    return readTimelines(reader(r), wanted, bounded(limit, MOST_ENTRIES))
  },

  contact: (r, id) => readContact(reader(r), id),
  inbox: (r, id) => inboxById(reader(r), id),
  inboxes: (r) => allInboxes(reader(r)),
  agent: async (r, id) => (await readAgents(reader(r), id))[0],
  agents: (r) => readAgents(reader(r)),
  team: async (r, id) => (await readTeams(reader(r), id))[0],
  teams: (r) => readTeams(reader(r)),
}
