// Filters, events and jobs of tickets: the typed tokens that the core itself and plugins use.
import Type from 'typebox'
import { HOUR, MINUTE } from '../clock.js'
import type { Mailbox, Priority, Status } from '../db/tables/tickets.js'
import { defineEvent, defineFilter } from '../hooks/tokens.js'
import { defineJob, exponential } from '../jobs/types.js'

export interface NewTicket {
  subject: string
  inboxId: string
  channel: string
  requesterId: string
  teamId: string | null
  assigneeId: string | null
  priority: Priority
  tags: string[]
}

export interface OutgoingDraft {
  subject: string
  text: string
  html: string
  to: Mailbox[]
  cc: Mailbox[]
}

const idOrNull = Type.Union([Type.String(), Type.Null()])
const mailboxes = Type.Array(Type.Object({ name: Type.String(), address: Type.String() }))

/** Before a ticket is made, by mail or by an agent. */
export const createTicketFilter = defineFilter<NewTicket, { ticketId: string }>(
  'createTicket',
  Type.Object({
    subject: Type.String(),
    inboxId: Type.String(),
    channel: Type.String(),
    requesterId: Type.String(),
    teamId: idOrNull,
    assigneeId: idOrNull,
    priority: Type.Union(['low', 'normal', 'high', 'urgent'].map((one) => Type.Literal(one))),
    tags: Type.Array(Type.String()),
  }),
)
/** Before a reply is stored and queued. */
export const sendMessageFilter = defineFilter<OutgoingDraft, { ticketId: string; agentId: string | null }>(
  'sendMessage',
  Type.Object({
    subject: Type.String(),
    text: Type.String(),
    html: Type.String(),
    to: mailboxes,
    cc: mailboxes,
  }),
)

export type Change = readonly [from: unknown, to: unknown]

/** A ticket was opened: by a mail, an agent or a plugin. */
export const ticketCreated = defineEvent<{ ticketId: string }>('ticketCreated')
/** Something on a ticket changed: status, priority, assignee, team, tags, subject, fields. */
export const ticketUpdated = defineEvent<{ ticketId: string; changes: Record<string, Change> }>(
  'ticketUpdated',
)
/** A ticket was merged into another; its messages are there now. */
export const ticketMerged = defineEvent<{ ticketId: string; intoId: string }>('ticketMerged')
/** A message from outside was stored on a ticket, also the one that opened it. */
export const messageReceived = defineEvent<{ ticketId: string; messageId: string }>('messageReceived')
/** A reply was stored; it goes out at the end of the undo window. */
export const messageQueued = defineEvent<{ ticketId: string; messageId: string }>('messageQueued')
/** A reply was taken back before it went out. */
export const messageCancelled = defineEvent<{ ticketId: string; messageId: string }>('messageCancelled')
/** A message was moved to another ticket, by a person. */
export const messageMoved = defineEvent<{ ticketId: string; messageId: string; fromId: string }>(
  'messageMoved',
)
/** A channel has taken a reply. */
export const messageSent = defineEvent<{ ticketId: string; messageId: string }>('messageSent')
/** A reply cannot be delivered; an agent has to look. */
export const messageFailed = defineEvent<{ ticketId: string; messageId: string; error: string }>(
  'messageFailed',
)
/** A ticket came into a workflow, or moved on in it. */
export const stageChanged = defineEvent<{
  ticketId: string
  workflow: string
  /** Null: the ticket came into the workflow. */
  from: string | null
  to: string
}>('stageChanged')
/** An agent or a plugin wrote an internal note. */
export const noteAdded = defineEvent<{ ticketId: string; messageId: string }>('noteAdded')
/** `in`: they called the desk. */
export type CallDirection = 'in' | 'out'
/** Somebody logged a phone call on a ticket, also the one that opened it. */
export const callLogged = defineEvent<{
  ticketId: string
  messageId: string
  direction: CallDirection
  answered: boolean
}>('callLogged')

export const events = [
  ticketCreated,
  ticketUpdated,
  ticketMerged,
  messageReceived,
  messageQueued,
  messageCancelled,
  messageMoved,
  messageSent,
  messageFailed,
  noteAdded,
  callLogged,
  stageChanged,
]

/** Hands one queued message to its channel. Two days of tries: 1, 2, 4 … minutes, then every four hours. */
export const deliver = defineJob<{ messageId: string }>('deliver', {
  attempts: 20,
  concurrency: 10,
  backoff: exponential(MINUTE, 4 * HOUR),
})

export const statuses: Status[] = ['new', 'open', 'pending', 'solved', 'closed']
export const priorities: Priority[] = ['low', 'normal', 'high', 'urgent']
