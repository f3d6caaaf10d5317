// Carries out a decision: contact, ticket or message, the end state of the intake. One transaction with the end of its job.
import { and, eq, sql } from 'drizzle-orm'
import { param } from '../db/param.js'
import type { IntakeState, TraceStep } from '../db/tables/intake.js'
import { prepared, type Tx } from '../db/types.js'
import { canonicalAddress, contactByEmail, createContact } from '../people/contacts.js'
import { contactsPerMail } from '../settings/core.js'
import type { Desk } from '../tickets/desk.js'
import {
  addTicketInbox,
  appendToTicket,
  type Inbound,
  openTicket,
  replaceContent,
} from '../tickets/inbound.js'
import { allInboxes, type Inbox } from '../tickets/inboxes.js'
import { link } from '../tickets/links.js'
import { NO_MESSAGE_ID } from '../tickets/message-ids.js'
import { recordBounce } from './bounces.js'
import { type Case, type Decision, senderOf } from './decide.js'
import type { Address, InboundMessage } from './mime/message.js'
import type { Verdict } from './tokens.js'

interface End {
  state: IntakeState
  reason?: string | null
  ticketId?: string | null
  messageId?: string | null
  duplicateOf?: string
}

export async function carryOut(tx: Tx, desk: Desk, one: Case, decision: Decision): Promise<End> {
  const { intake, message } = one
  switch (decision.kind) {
    case 'quarantine':
      return finish(tx, one, decision.trace, { state: 'quarantined', reason: decision.reason })
    case 'reject':
      return finish(tx, one, decision.trace, { state: 'rejected', reason: decision.reason })
    case 'duplicate': {
      const { of, inbox } = decision
      if (of.ticketId && of.inboxId !== inbox.id) await addTicketInbox(tx, of.ticketId, inbox.id)
      const end = {
        state: 'duplicate',
        ticketId: of.ticketId,
        messageId: of.messageId,
        duplicateOf: of.id,
      } as const
      return finish(tx, one, decision.trace, end)
    }
    case 'replace': {
      const { torso, inbox, verdict } = decision
      const stored = { ticketId: torso.ticketId!, messageId: torso.messageId! }
      const inbound = await inboundOf(tx, one, inbox, verdict, senderOf(inbox, message), [], [])
      await replaceContent(tx, stored, inbound)
      await tx
        .update(tx.t.intakes)
        .set({ state: 'duplicate', duplicateOf: intake.id, reason: 'cut short; the whole copy came later' })
        .where(eq(tx.t.intakes.id, torso.id))
      return finish(tx, one, decision.trace, { state: torso.state, ...stored })
    }
    case 'store': {
      const { inbox, verdict, thread, marks } = decision
      const bounced = message.bounce ? await recordBounce(tx, desk, inbox, message) : null
      // Whoever only guessed an id must not bring in people who then receive the history: nobody of To and Cc,
      // and not themselves by a Reply-To beside the forged From of a participant.
      const mayInvite = !thread.ticket || thread.match?.rule === 'capability'
      const sender = mayInvite ? senderOf(inbox, message) : message.from
      const invited = mayInvite ? await others(tx, desk, message) : []
      const inbound = await inboundOf(tx, one, inbox, verdict, sender, invited, marks)
      const stored = thread.ticket
        ? await appendToTicket(tx, desk, thread.ticket, inbound)
        : await openTicket(tx, desk, inbound)
      if (thread.linkTo) await link(tx, stored.ticketId, thread.linkTo.ticketId, thread.linkTo.kind)
      const state = thread.ticket ? 'appended' : 'opened'
      return finish(tx, one, decision.trace, { state, reason: bounced, ...stored })
    }
  }
}

const writeEnd = prepared<Record<string, unknown>, { id: string }>(
  (q, { intakes }) =>
    q
      .update(intakes)
      .set({
        state: param(intakes.state, 'state'),
        reason: param(intakes.reason, 'reason'),
        ticketId: param(intakes.ticketId, 'ticketId'),
        messageId: param(intakes.messageId, 'messageId'),
        duplicateOf: param(intakes.duplicateOf, 'duplicateOf'),
        trace: param(intakes.trace, 'trace'),
        sender: param(intakes.sender, 'sender'),
        subject: param(intakes.subject, 'subject'),
        attempts: param(intakes.attempts, 'attempts'),
        finishedAt: param(intakes.finishedAt, 'now'),
      })
      .where(and(eq(intakes.id, sql.placeholder('id')), eq(intakes.state, param(intakes.state, 'before'))))
      .returning({ id: intakes.id }) as never,
)

async function finish(tx: Tx, { intake, message }: Case, trace: TraceStep[], end: End): Promise<End> {
  const ended = await tx.run(writeEnd, {
    ...{ reason: null, ticketId: null, messageId: null, duplicateOf: null },
    ...end,
    id: intake.id,
    before: intake.state,
    trace: [...trace, { step: 'end', verdict: end.state }],
    sender: message.from?.address ?? intake.sender,
    subject: message.subject.slice(0, 200),
    attempts: intake.attempts + 1,
    now: tx.now,
  })
  // Undoes what was stored: two jobs can be on the way to the same intake, one of them given up as too slow.
  if (ended.length === 0) throw new Error('the intake was ended by another job meanwhile')
  return end
}

async function inboundOf(
  tx: Tx,
  { intake, message }: Case,
  inbox: Inbox,
  verdict: Verdict,
  sender: Address | null,
  others: readonly string[],
  marks: readonly string[],
): Promise<Inbound> {
  const contact = sender
    ? await contactByEmail(tx, sender.name, sender.address)
    : { id: await createContact(tx, { name: 'Unknown sender' }) }
  return {
    inbox,
    channel: intake.channel,
    contactId: contact.id,
    others: others.filter((id) => id !== contact.id),
    automatic: verdict.automatic,
    intakeId: intake.id,
    content: {
      subject: message.subject,
      text: message.text,
      html: message.html,
      folded: message.folded,
      from: message.from,
      to: message.to,
      cc: message.cc,
      // No Message-ID: one made from the bytes, the same for every copy.
      messageId: message.messageId ?? `${intake.digest.slice(0, 32)}${NO_MESSAGE_ID}`,
      date: message.date,
      warnings: [...message.warnings, ...marks],
    },
    attachments: message.attachments.map(({ filename, contentType, size, sha256, contentId, inline }) => ({
      filename,
      contentType,
      size,
      hash: sha256,
      contentId,
      inline,
    })),
  }
}

/** People of To and Cc who are not the desk itself, as contacts; bounded. */
async function others(tx: Tx, desk: Desk, message: InboundMessage): Promise<string[]> {
  const most = desk.settings.get(contactsPerMail)
  const own = new Set((await allInboxes(tx)).map(({ address }) => address))
  const people = new Map<string, string>()
  for (const { name, address } of [...message.to, ...message.cc]) {
    const canonical = canonicalAddress(address).replace(/\+t\.[^@]*(?=@)/, '')
    if (canonical.includes('@') && !own.has(canonical) && people.size < most) people.set(canonical, name)
  }
  const ids: string[] = []
  // In one order: two mails that bring the same new people would wait for each other in a circle.
  for (const [address, name] of [...people].sort(([a], [b]) => (a < b ? -1 : 1)))
    ids.push((await contactByEmail(tx, name, address)).id)
  return ids
}
