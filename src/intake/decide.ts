// Everything an intake is judged by, and the decision with its trace. Nothing is stored here, so that the same
// code answers a dry run.
import { and, eq, inArray, ne, sql } from 'drizzle-orm'
import type { TraceStep } from '../db/tables/intake.js'
import { prepared, type Reader, type Tx } from '../db/types.js'
import { isDeskError } from '../errors.js'
import { canonicalAddress } from '../people/contacts.js'
import type { Desk } from '../tickets/desk.js'
import { allInboxes, type Inbox, inboxById, viewOfInbox } from '../tickets/inboxes.js'
import { messagesById } from '../tickets/message-ids.js'
import { builtInFilters } from './filters/index.js'
import type { InboundMessage } from './mime/message.js'
import { findThread, type Thread } from './thread.js'
import { receiveMessage, type Verdict } from './tokens.js'

export type Intake = Reader['t']['intakes']['$inferSelect']

/** Another intake with the same header: the same mail, or a copy that was cut short. */
export interface Neighbour {
  intake: Intake
  relation: 'same' | 'torso-of-this' | 'whole-of-this'
}

export interface Case {
  intake: Intake
  message: InboundMessage
  neighbours: readonly Neighbour[]
}

export type Decision = { trace: TraceStep[] } & (
  | { kind: 'quarantine' | 'reject'; reason: string }
  | { kind: 'duplicate'; of: Intake; inbox: Inbox }
  | { kind: 'replace'; torso: Intake; inbox: Inbox; verdict: Verdict }
  | { kind: 'store'; inbox: Inbox; verdict: Verdict; thread: Thread; marks: string[] }
)

export async function decide(tx: Tx, desk: Desk, { intake, message, neighbours }: Case): Promise<Decision> {
  const trace: TraceStep[] = [
    {
      step: 'normalise',
      verdict: message.warnings.length > 0 ? 'with warnings' : 'clean',
      evidence: { warnings: message.warnings },
    },
  ]
  const inbox = await inboxOf(tx, intake)
  if (!inbox) {
    trace.push({ step: 'inbox', verdict: 'unknown', evidence: { address: intake.address } })
    return { kind: 'quarantine', reason: `there is no inbox ${intake.address}`, trace }
  }
  const copy = neighbours.find(({ relation }) => relation !== 'torso-of-this')
  if (copy) {
    trace.push({ step: 'duplicate', verdict: copy.relation, evidence: { intakeId: copy.intake.id } })
    return { kind: 'duplicate', of: copy.intake, inbox, trace }
  }
  const verdict = await judge(tx, desk, intake, inbox, message, trace)
  if (verdict.outcome !== 'accept') {
    const reason = verdict.reason ?? 'a filter said so'
    return { kind: verdict.outcome, reason, trace }
  }
  const torso = neighbours.find(({ relation }) => relation === 'torso-of-this')
  if (torso) {
    trace.push({
      step: 'duplicate',
      verdict: 'completes a copy that was cut short',
      evidence: { intakeId: torso.intake.id },
    })
    return { kind: 'replace', torso: torso.intake, inbox, verdict, trace }
  }
  const thread = await findThread(tx, desk, { inbox, message, verdict, now: tx.now })
  trace.push({
    step: 'thread',
    verdict: thread.why,
    evidence: { ...thread.match?.evidence },
    ...(thread.match && { by: thread.match.rule }),
  })
  const marks = await reusedId(tx, inbox, message)
  if (!verdict.trusted) marks.push('sender-not-proved')
  return { kind: 'store', inbox, verdict, thread, marks, trace }
}

/** An inbox that was made after its mail came is found by the address. */
async function inboxOf(r: Reader, { inboxId, address }: Intake): Promise<Inbox | undefined> {
  if (inboxId) return inboxById(r, inboxId)
  return (await allInboxes(r)).find((inbox) => inbox.address === address)
}

async function judge(
  tx: Tx,
  desk: Desk,
  intake: Intake,
  inbox: Inbox,
  message: InboundMessage,
  trace: TraceStep[],
) {
  const context = { intakeId: intake.id, inbox, message }
  let verdict: Verdict = {
    outcome: 'accept',
    reason: null,
    automatic: null,
    own: false,
    // Two senders are the way to be taken for somebody else.
    trusted: !message.warnings.includes('from-multiple'),
  }
  for (const filter of builtInFilters) {
    const finding = await filter.judge(context, verdict, {
      tx,
      settings: desk.settings,
      secrets: desk.secrets,
    })
    if (!finding) continue
    const { change, verdict: found, evidence } = finding
    trace.push({ step: 'filter', by: filter.name, verdict: found, ...(evidence && { evidence }) })
    // The first filter that refuses gives the reason.
    verdict = verdict.outcome === 'accept' ? { ...verdict, ...change } : verdict
  }
  const shown = { ...context, inbox: viewOfInbox(inbox) }
  try {
    return await desk.hooks.apply(tx, receiveMessage, verdict, shown, (by, { outcome, reason }) =>
      trace.push({ step: 'filter', by, verdict: outcome, ...(reason && { evidence: { reason } }) }),
    )
  } catch (error) {
    // A veto of a plugin: to be looked at by a person, not tried again until it is given up.
    if (!isDeskError(error) || error.code !== 'rejected') throw error
    trace.push({ step: 'filter', by: 'veto', verdict: 'quarantine', evidence: { reason: error.message } })
    return { ...verdict, outcome: 'quarantine' as const, reason: error.message }
  }
}

/** A Message-ID that was used before by the same sender for another text is stored with a mark. */
async function reusedId(tx: Tx, inbox: Inbox, message: InboundMessage): Promise<string[]> {
  if (!message.messageId) return []
  const known = await messagesById(tx, inbox.group, [message.messageId])
  return known.length > 0 ? ['message-id-reused'] : []
}

const stored = prepared<{ group: string; headDigest: string; id: string }, Intake>(
  (q, { intakes }) =>
    q
      .select()
      .from(intakes)
      .where(
        and(
          eq(intakes.group, sql.placeholder('group')),
          eq(intakes.headDigest, sql.placeholder('headDigest')),
          ne(intakes.id, sql.placeholder('id')),
          inArray(intakes.state, ['opened', 'appended']),
        ),
      )
      .orderBy(intakes.id)
      .limit(20) as never,
)

/** Intakes of the group with the same header that became, or are, a message. */
export async function sameHeader(r: Reader, { group, headDigest, id }: Intake): Promise<Intake[]> {
  return headDigest === null ? [] : r.run(stored, { group, headDigest, id })
}

/** Whom an answer goes to: Reply-To only where it is aligned with From, or where the inbox is fed by forms. */
export function senderOf(inbox: Inbox, { from, replyTo }: InboundMessage) {
  const [other] = replyTo
  if (!other?.address || !from?.address) return from?.address ? from : (other ?? null)
  const aligned = domainOf(other.address) === domainOf(from.address)
  return inbox.options.relay || aligned ? { name: other.name || from.name, address: other.address } : from
}

const domainOf = (address: string) => canonicalAddress(address).replace(/^.*@/, '')
