// Which ticket does this message answer? The rules in their order; each decision says what it rests on.
import { and, eq, inArray } from 'drizzle-orm'
import { after, DAY } from '../clock.js'
import type { Reader } from '../db/types.js'
import { canonicalAddress } from '../people/contacts.js'
import { reopenDays } from '../settings/core.js'
import { checkToken, tokensIn } from '../tickets/capability.js'
import { type Ticket, ticketById } from '../tickets/create.js'
import type { Desk } from '../tickets/desk.js'
import type { Inbox } from '../tickets/inboxes.js'
import { messagesById } from '../tickets/message-ids.js'
import type { InboundMessage } from './mime/message.js'
import type { Verdict } from './tokens.js'

export interface Match {
  /** `capability` a signed token · `message-id` a stored id · `subject-tag` [#123] of a participant. */
  rule: 'capability' | 'message-id' | 'subject-tag'
  ticketId: string
  evidence: Record<string, unknown>
}

export interface Thread {
  /** Append to this ticket. */
  ticket: Ticket | null
  /** Open a new ticket and link it to this one. */
  linkTo: { ticketId: string; kind: 'possible-follow-up' | 'follow-up' } | null
  match: Match | null
  why: string
}

interface Question {
  inbox: Inbox
  message: InboundMessage
  verdict: Verdict
  now: Date
}

export async function findThread(r: Reader, desk: Desk, question: Question): Promise<Thread> {
  const match = await firstMatch(r, desk, question)
  if (!match) return { ticket: null, linkTo: null, match, why: 'it answers nothing that is known here' }
  const ticket = await followMerges(r, match.ticketId)
  if (!ticket) return { ticket: null, linkTo: null, match, why: 'the ticket it answers is gone' }
  const known = match.rule === 'capability' || (await isParticipant(r, ticket.id, question))
  if (!known)
    return {
      ticket: null,
      linkTo: { ticketId: ticket.id, kind: 'possible-follow-up' },
      match,
      why: 'its sender does not belong to the ticket it names',
    }
  if (isLongSolved(desk, question, ticket))
    return {
      ticket: null,
      linkTo: { ticketId: ticket.id, kind: 'follow-up' },
      match,
      why: 'the ticket it answers was solved too long ago to be reopened',
    }
  return { ticket, linkTo: null, match, why: 'it answers this ticket' }
}

async function firstMatch(r: Reader, desk: Desk, question: Question): Promise<Match | null> {
  return (
    (await byCapability(r, desk, question)) ??
    (await byMessageId(r, question)) ??
    (await bySubjectTag(r, question))
  )
}

/** Newest reference first. A bounce answers the message that it returns, whatever its own header says. */
function idsOf({ message }: Question): string[] {
  const returned = message.bounce?.originalMessageId ? [message.bounce.originalMessageId] : []
  return [...new Set([...returned, ...message.inReplyTo, ...message.references.toReversed()])].slice(
    0,
    MOST_IDS,
  )
}
const MOST_IDS = 60

// 1. A signed capability in an address or in one of our own Message-IDs.
async function byCapability(r: Reader, desk: Desk, question: Question): Promise<Match | null> {
  const { to, cc, deliveredTo } = question.message
  const addresses = [...to, ...cc].map(({ address }) => address).concat(deliveredTo)
  for (const source of [...addresses, ...idsOf(question)])
    for (const token of tokensIn(source)) {
      const found = await checkToken(r, desk.secrets, token)
      if (found)
        return {
          rule: 'capability',
          ticketId: found.ticketId,
          evidence: { in: source, contactId: found.contactId },
        }
    }
  return null
}

// 2. A stored Message-ID of the same group of inboxes.
async function byMessageId(r: Reader, question: Question): Promise<Match | null> {
  const [found] = await messagesById(r, question.inbox.group, idsOf(question))
  return found
    ? { rule: 'message-id', ticketId: found.ticketId, evidence: { id: found.known, messageId: found.id } }
    : null
}

// 3. A visible [#123]: worth something only from a participant, which the caller checks.
async function bySubjectTag(r: Reader, question: Question): Promise<Match | null> {
  const numbers = [...question.message.subject.matchAll(/\[#(\d{1,12})\]/g)].map((match) => Number(match[1]))
  if (numbers.length === 0) return null
  const { tickets, inboxes } = r.t
  const rows = await r
    .select({ id: tickets.id, number: tickets.number })
    .from(tickets)
    .innerJoin(inboxes, eq(inboxes.id, tickets.inboxId))
    .where(and(inArray(tickets.number, numbers.slice(0, 5)), eq(inboxes.group, question.inbox.group)))
  // Two desks that talk to each other leave two tags: the one that its sender belongs to is ours.
  for (const number of numbers) {
    const row = rows.find((candidate) => candidate.number === number)
    if (row && (await isParticipant(r, row.id, question)))
      return { rule: 'subject-tag', ticketId: row.id, evidence: { tag: `[#${number}]` } }
  }
  const first = rows[0]
  return first ? { rule: 'subject-tag', ticketId: first.id, evidence: { tag: `[#${first.number}]` } } : null
}

async function isParticipant(r: Reader, ticketId: string, { message, verdict }: Question): Promise<boolean> {
  // An address that failed authentication is a claim, and claims are not participants.
  if (!verdict.trusted || !message.from) return false
  const { participants, identities } = r.t
  const rows = await r
    .select({ contactId: participants.contactId })
    .from(participants)
    .innerJoin(identities, eq(identities.contactId, participants.contactId))
    .where(
      and(
        eq(participants.ticketId, ticketId),
        eq(identities.kind, 'email'),
        eq(identities.value, canonicalAddress(message.from.address)),
      ),
    )
  return rows.length > 0
}

async function followMerges(r: Reader, ticketId: string): Promise<Ticket | undefined> {
  let ticket = await ticketById(r, ticketId)
  for (let step = 0; ticket?.mergedIntoId && step < 20; step++)
    ticket = await ticketById(r, ticket.mergedIntoId)
  return ticket
}

function isLongSolved(desk: Desk, { inbox, now }: Question, ticket: Ticket): boolean {
  const since = ticket.closedAt ?? ticket.solvedAt
  if (!since || (ticket.status !== 'solved' && ticket.status !== 'closed')) return false
  const days = inbox.options.reopenDays ?? desk.settings.get(reopenDays)
  return since < after(now, -days * DAY)
}
