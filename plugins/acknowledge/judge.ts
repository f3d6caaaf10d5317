// May this ticket be acknowledged, as things are now? Only reading; the limits come after it.
import { and, inArray, isNull } from 'drizzle-orm'
import {
  type ContactView,
  HOUR,
  type InboxView,
  type MessageView,
  type PluginTx,
  type TicketView,
} from 'frontdesk/plugin'
import { canonical, isListed, isMachine, withoutTag } from './addresses.js'
import type { App } from './app.js'
import type { Reason } from './reasons.js'
import type { Settings } from './settings.js'

export interface Case {
  ticket: TicketView
  contact: ContactView | undefined
  inbox: InboxView
  messages: readonly MessageView[]
  /** The one that opened the ticket, where one did. */
  message: MessageView | undefined
  /** Whom the answer would go to. */
  address: string | null
}

/** @returns undefined where the ticket is gone. */
export async function readCase(app: App, tx: PluginTx, ticketId: string): Promise<Case | undefined> {
  const { desk } = app
  const ticket = await desk.ticket(tx, ticketId)
  const inbox = ticket && (await desk.inbox(tx, ticket.inboxId))
  if (!inbox) return undefined
  const contact = await desk.contact(tx, ticket.requesterId)
  const messages = await desk.messages(tx, ticketId)
  const message = messages.find(({ direction }) => direction !== 'note')
  const address = contact?.identities.find(({ kind }) => kind === 'email')?.value ?? null
  return { ticket, contact, inbox, messages, message, address: address && canonical(address) }
}

/** @returns null: nothing speaks against it. */
export async function objection(app: App, tx: PluginTx, one: Case): Promise<Reason | null> {
  const settings = app.settings()
  return (
    (await againstTicket(app, tx, one, settings)) ??
    againstAddress(one, settings) ??
    ((await isOwn(app, tx, one)) ? 'own-address' : null) ??
    ((await answersUs(app, tx, one)) ? 'answers-us' : null)
  )
}

async function againstTicket(
  app: App,
  tx: PluginTx,
  { ticket, inbox, messages, message }: Case,
  settings: Settings,
): Promise<Reason | null> {
  // A split is made by an agent from the message of a customer: the message alone does not tell.
  const [first] = await app.desk.timeline(tx, ticket.id, { limit: 1 })
  if (ticket.status === 'solved' || ticket.status === 'closed') return 'done'
  if (first?.actorKind !== 'contact' || message?.direction !== 'in') return 'not-by-contact'
  if (message.automatic !== null) return 'automatic'
  if (message.warnings.includes('sender-not-proved')) return 'not-proved'
  if (ticket.status === 'pending' || isAnswered(messages)) return 'answered'
  const since = Math.min(ticket.createdAt.getTime(), (message.date ?? ticket.createdAt).getTime())
  if (tx.now.getTime() - since > settings.maxAgeHours * HOUR) return 'too-old'
  if (!settings.channels.includes(ticket.channel)) return 'channel'
  return inboxSettings(settings, inbox)?.answer === false ? 'inbox-left-out' : null
}

function againstAddress({ address, message }: Case, { neverAnswer }: Settings): Reason | null {
  if (!address) return 'no-address'
  // Reply-To can make somebody else the requester than the one who wrote: both must be fit to be answered.
  const both = [address, message?.from?.address ?? '']
  if (both.some(isMachine)) return 'machine-address'
  return both.some((each) => isListed(neverAnswer, each)) ? 'never-answer' : null
}

async function isOwn({ desk }: App, tx: PluginTx, { address, message }: Case): Promise<boolean> {
  const both = [address, message?.from?.address].map((each) => withoutTag(each ?? ''))
  return (await desk.inboxes(tx)).some((inbox) => both.includes(canonical(inbox.address)))
}

/** A desk that writes from ever new addresses still repeats our subject, and with it the number of our ticket. */
async function answersUs({ desk, tables }: App, tx: PluginTx, { ticket, message }: Case): Promise<boolean> {
  const numbers = [...(message?.subject ?? '').matchAll(/\[#(\d{1,12})\]/g)].slice(0, 5).map((tag) => tag[1]!)
  const known = await Promise.all(numbers.map((number) => desk.ticket(tx, number)))
  const ids = known.flatMap((other) => (other && other.id !== ticket.id ? [other.id] : []))
  if (ids.length === 0) return false
  const { answers } = tables
  const sent = await tx
    .select({ id: answers.id })
    .from(answers)
    .where(and(inArray(answers.ticketId, ids), isNull(answers.reason)))
    .limit(1)
  return sent.length > 0
}

/** By a person or a rule in the desk's name; an automatic answer, such as ours, does not count. */
export const isAnswered = (messages: readonly MessageView[]): boolean =>
  messages.some(
    ({ direction, automatic, delivery }) =>
      direction === 'out' && automatic === null && delivery !== 'cancelled',
  )

export const inboxSettings = ({ inboxes }: Settings, { address }: InboxView) =>
  inboxes.find((entry) => canonical(entry.address) === canonical(address))
