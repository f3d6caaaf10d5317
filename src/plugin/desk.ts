// The desk as plugins see it: what they can read, and the commands they can give. Views are types of their own, so
// that a column of the core is not a promise to plugins.
import type { Automatic, Delivery, Direction, Mailbox, Priority, Status } from '../db/tables/tickets.js'
import type { InboxView } from '../tickets/inboxes.js'
import type { CallDirection } from '../tickets/tokens.js'
import type { PluginReader, PluginTx } from './app.js'
import type { Caller } from './route.js'

export interface TicketView {
  readonly id: string
  /** The number that people say. */
  readonly number: number
  readonly version: number
  readonly subject: string
  readonly status: Status
  readonly priority: Priority
  readonly channel: string
  readonly inboxId: string
  readonly requesterId: string
  readonly assigneeId: string | null
  readonly teamId: string | null
  readonly tags: readonly string[]
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly lastMessageAt: Date | null
  readonly lastPublicMessageId: string | null
  readonly solvedAt: Date | null
  readonly closedAt: Date | null
}

export interface MessageView {
  readonly id: string
  readonly ticketId: string
  readonly direction: Direction
  readonly channel: string
  readonly contactId: string | null
  readonly agentId: string | null
  readonly subject: string
  readonly text: string
  /** Sanitised. */
  readonly html: string
  readonly from: Readonly<Mailbox> | null
  readonly to: readonly Readonly<Mailbox>[]
  readonly cc: readonly Readonly<Mailbox>[]
  readonly messageId: string | null
  readonly date: Date | null
  /** Written by a machine; null: by a person. */
  readonly automatic: Automatic | null
  /** What was odd about it; `sender-not-proved`: its From may be forged. */
  readonly warnings: readonly string[]
  /** How far an outgoing message is; null for others. */
  readonly delivery: Delivery | null
  readonly sentAt: Date | null
  readonly createdAt: Date
}

export interface ContactView {
  readonly id: string
  readonly name: string
  /** BCP 47, where it is known. */
  readonly language: string | null
  readonly identities: readonly { readonly kind: 'email' | 'phone'; readonly value: string }[]
}

export interface AgentView {
  readonly id: string
  readonly name: string
  readonly email: string
  /** False: switched off. */
  readonly active: boolean
  readonly teamIds: readonly string[]
}

export interface TeamView {
  readonly id: string
  readonly name: string
  readonly agentIds: readonly string[]
}

/** A ticket field of any plugin that is on. */
export interface FieldView {
  /** With its plugin: `hotel.room`. */
  readonly name: string
  readonly description: string
  /** Its plugin computes it. */
  readonly readOnly: boolean
  /** Why the field cannot have this value; undefined: it can. */
  problem(value: unknown): string | undefined
}

export interface TimelineEntry {
  readonly seq: number
  readonly at: Date
  readonly type: string
  readonly actorKind: 'agent' | 'contact' | 'system'
  readonly actorId: string | null
  readonly messageId: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export interface NewTicketInput {
  subject: string
  inboxId: string
  requesterId: string
  /** One of the desk or of a plugin that is on. Default: `api`. */
  channel?: string
  teamId?: string | null
  assigneeId?: string | null
  priority?: Priority
  tags?: readonly string[]
}

export interface TicketChangesInput {
  subject?: string
  status?: Status
  priority?: Priority
  assigneeId?: string | null
  teamId?: string | null
  tags?: readonly string[]
}

export interface OutgoingInput {
  text: string
  /** Sanitised before it is stored. */
  html?: string
  /** Default: the subject of the ticket. */
  subject?: string
}

export interface CallInput {
  /** `in`: they called the desk. */
  direction: CallDirection
  /** Somebody was reached. */
  answered: boolean
  /** Not in the future and not more than 30 days ago. Default: so long ago that it has ended now. */
  startedAt?: Date
  seconds?: number
  /** What was said. */
  text?: string
  /** The agent who had it. Default: the plugin itself. */
  agentId?: string
}

export interface AgentMailInput {
  agentId: string
  /** Cut after 300 characters. */
  subject: string
  /** Cut after 50,000 characters. */
  text: string
  /** What it is about: `breach TICKET first-response`. */
  key: string
}

export interface PluginDesk {
  /** @param key the id, or the number as text. */
  ticket(r: PluginReader, key: string): Promise<TicketView | undefined>
  message(r: PluginReader, id: string): Promise<MessageView | undefined>
  /** Oldest first, after the message `after`; at most `limit` (default 200). */
  messages(
    r: PluginReader,
    ticketId: string,
    options?: { after?: string; limit?: number },
  ): Promise<MessageView[]>
  contact(r: PluginReader, id: string): Promise<ContactView | undefined>
  /** The contact with this address, made where there is none. */
  contactByEmail(tx: PluginTx, address: string, name?: string): Promise<{ id: string; name: string }>
  inbox(r: PluginReader, id: string): Promise<InboxView | undefined>
  inboxes(r: PluginReader): Promise<InboxView[]>
  /** Oldest first, after the entry `since`. */
  timeline(
    r: PluginReader,
    ticketId: string,
    options?: { since?: number; limit?: number },
  ): Promise<TimelineEntry[]>

  /** Those of these tickets (at most 200) that there are. */
  ticketsById(r: PluginReader, ids: readonly string[]): Promise<ReadonlyMap<string, TicketView>>
  /**
   * All tickets in order of creation, the oldest first, in pages of at most 200. One that is being made at this
   * moment may come into a page that was read already: of new ones `ticketCreated` tells.
   * @param options.after id of the last ticket of the page before.
   */
  tickets(
    r: PluginReader,
    options?: { after?: string; createdSince?: Date; limit?: number },
  ): Promise<TicketView[]>
  /**
   * Timelines of at most 200 tickets, each from its beginning and at most `limit` entries long (default 200, at most
   * 500). One that is as long as that may go on: read the rest with `timeline`.
   */
  timelines(
    r: PluginReader,
    ticketIds: readonly string[],
    options?: { limit?: number },
  ): Promise<ReadonlyMap<string, readonly TimelineEntry[]>>
  /** Which of these tickets (at most 200) whoever asks may see; in the order given. */
  visibleTickets(r: PluginReader, who: Caller, ids: readonly string[]): Promise<string[]>
  agent(r: PluginReader, id: string): Promise<AgentView | undefined>
  /** By name; also those that are switched off. */
  agents(r: PluginReader): Promise<AgentView[]>
  team(r: PluginReader, id: string): Promise<TeamView | undefined>
  teams(r: PluginReader): Promise<TeamView[]>
  /** Those of all plugins that are on. */
  ticketFields(): readonly FieldView[]
  /** Names of the channels by which tickets come: of the desk, and those that plugins bring. */
  channels(): readonly string[]

  createTicket(tx: PluginTx, input: NewTicketInput): Promise<{ id: string; number: number }>
  /** Writes only what differs. */
  updateTicket(tx: PluginTx, ticketId: string, changes: TicketChangesInput): Promise<void>
  /** Seen by agents only. @returns the id of the message. */
  addNote(tx: PluginTx, ticketId: string, text: string): Promise<string>
  /** A phone call; it changes no status. @returns the id of the message. */
  logCall(tx: PluginTx, ticketId: string, input: CallInput): Promise<string>
  /**
   * A reply to the requester in the name of the desk, queued like an agent's and sent at once.
   * @returns the id of the message.
   */
  reply(tx: PluginTx, ticketId: string, input: OutgoingInput): Promise<string>
  /**
   * An automatic answer to the requester alone (RFC 3834): marked as such, with an empty envelope sender, and never
   * the reason to reopen or to stop a timer. Whether one may be sent at all is for the caller to judge.
   * @returns the id of the message, or null where the requester has no address.
   */
  answerAutomatically(tx: PluginTx, ticketId: string, input: OutgoingInput): Promise<string | null>
  /**
   * Tells an agent something by mail, in the name of the desk: part of no ticket, and marked as automatic. Once for
   * each key of this plugin within 30 days.
   * @returns false where it was said before, or the agent is switched off: then nothing is sent.
   */
  mailAgent(tx: PluginTx, input: AgentMailInput): Promise<boolean>
}
