// The job behind every reply: hands the queued message to its channel, outside of any transaction, and records
// what came of it. The Message-ID was fixed with the row, so a second copy after a crash carries the same id.
import { and, asc, eq, inArray, ne, sql } from 'drizzle-orm'
import { type Blobs, lazyStream } from '../blobs/blobs.js'
import type { Channel, Outcome, Outgoing } from '../channels/channel.js'
import type { Db, Reader, Tx } from '../db/types.js'
import type { JobHandler, JobRun } from '../jobs/types.js'
import { canonicalAddress } from '../people/contacts.js'
import { makeToken, replyAddress } from '../tickets/capability.js'
import { ticketById } from '../tickets/create.js'
import { type Desk, system } from '../tickets/desk.js'
import { inboxById } from '../tickets/inboxes.js'
import { lockById } from '../tickets/lock.js'
import { NO_MESSAGE_ID, rememberId } from '../tickets/message-ids.js'
import { type Message, messageById } from '../tickets/messages.js'
import { record } from '../tickets/timeline.js'
import { deliver, messageFailed, messageSent } from '../tickets/tokens.js'

export interface DeliverDeps {
  db: Db
  desk: Desk
  blobs: Blobs
  channels: ReadonlyMap<string, Channel>
  /** For the metrics. */
  onSend?: (channel: string, outcome: Outcome['kind']) => void
}

export function deliverHandler(deps: DeliverDeps): JobHandler<{ messageId: string }> {
  return {
    type: deliver,
    async run(job) {
      const message = await messageById(deps.db, job.data.messageId)
      // Taken back, or sent by a try whose end was not recorded here.
      if (message?.delivery !== 'queued') return
      const outcome = await attempt(deps, message, job)
      deps.onSend?.(deps.channels.has(message.channel) ? message.channel : 'other', outcome.kind)
      // Without job.complete(): what was sent is recorded even when another worker has got the job meanwhile.
      await deps.db.transaction((tx) => settle(tx, deps.desk, message, outcome, job))
      if (outcome.kind === 'later') throw new Error(outcome.reason)
    },
    async dead(tx, { messageId }, error) {
      const message = await messageById(tx, messageId)
      if (message?.delivery === 'queued') await markFailed(tx, deps.desk, message, error)
    },
  }
}

async function attempt(deps: DeliverDeps, message: Message, job: JobRun<unknown>): Promise<Outcome> {
  const channel = deps.channels.get(message.channel)
  if (!channel) return { kind: 'later', reason: `the channel "${message.channel}" is not there` }
  const outgoing = await load(deps, message)
  const stopped = await suppressed(deps.db, outgoing)
  const left = without(outgoing, stopped)
  if (left.to.length + left.cc.length === 0) return { kind: 'refused', reason: explain(stopped) }
  const outcome = await channel.deliver(left, job.signal)
  return outcome.kind === 'sent' ? { ...outcome, refused: [...outcome.refused, ...stopped] } : outcome
}

function without(outgoing: Outgoing, refused: readonly Refusal[]): Outgoing {
  const gone = new Set(refused.map(({ address }) => address))
  const keep = ({ address }: { address: string }) => !gone.has(canonicalAddress(address))
  return { ...outgoing, to: outgoing.to.filter(keep), cc: outgoing.cc.filter(keep) }
}

const explain = (refused: readonly Refusal[]) =>
  refused.map(({ address, reason }) => `${address}: ${reason}`).join('; ')

async function load({ db, desk, blobs }: DeliverDeps, message: Message): Promise<Outgoing> {
  const ticket = (await ticketById(db, message.ticketId))!
  const inbox = (await inboxById(db, ticket.inboxId))!
  const files = await db.select().from(db.t.attachments).where(eq(db.t.attachments.messageId, message.id))
  const token = makeToken(desk.secrets, ticket.number, ticket.requesterId)
  const answered = await references(db, message)
  return {
    id: message.id,
    from: message.from!,
    to: message.to,
    cc: message.cc,
    replyTo: inbox.options.plusAddress ? replyAddress(inbox.address, token) : null,
    subject: taggedSubject(message.subject, ticket.number, answered.length > 0),
    text: message.text,
    html: message.html,
    messageId: message.messageId!,
    references: answered,
    date: message.sendAt ?? message.createdAt,
    automatic: message.automatic !== null,
    attachments: files.map(({ filename, contentType, contentId, hash }) => ({
      filename,
      contentType,
      contentId,
      content: () => lazyStream(blobs, hash),
    })),
    inbox,
  }
}

/** `Re: [#12] Broken shower`; the tag is put once, wherever the subject came from. */
export function taggedSubject(subject: string, number: number, answers: boolean): string {
  const tag = `[#${number}]`
  const bare = subject
    .replaceAll(tag, '')
    .replace(/^(?:\s*(?:re|aw|sv|antw)\s*:)+/i, '')
    .replace(/\s+/g, ' ')
    .trim()
  return `${answers ? 'Re: ' : ''}${tag} ${bare}`
}

/** Message-IDs of the ticket's public messages before this one, oldest first: the root and the last ones. */
async function references(r: Reader, message: Message): Promise<string[]> {
  const { messages } = r.t
  const rows = await r
    .select({ id: messages.messageId, direction: messages.direction, delivery: messages.delivery })
    .from(messages)
    .where(
      and(
        eq(messages.ticketId, message.ticketId),
        ne(messages.direction, 'note'),
        sql`${messages.id} < ${message.id}`,
      ),
    )
    .orderBy(asc(messages.id))
  return rows
    .filter((row) => row.id !== null && (row.direction === 'in' || row.delivery === 'sent'))
    .map((row) => row.id!)
    .filter((id) => !id.endsWith(NO_MESSAGE_ID))
}

interface Refusal {
  address: string
  reason: string
}

/** Nothing goes to an address that a hard bounce came back from, until a person lifts it. */
async function suppressed(r: Reader, { to, cc }: Outgoing): Promise<Refusal[]> {
  const addresses = [...to, ...cc].map(({ address }) => canonicalAddress(address))
  const { suppressions } = r.t
  const rows = await r
    .select({ address: suppressions.address, reason: suppressions.reason })
    .from(suppressions)
    .where(inArray(suppressions.address, addresses))
  return rows.map(({ address, reason }) => ({
    address,
    reason: `nothing is sent there since it bounced (${reason}); lift the suppression first`,
  }))
}

async function settle(tx: Tx, desk: Desk, message: Message, outcome: Outcome, job: JobRun<unknown>) {
  // The ticket before its message, as everybody does: in the other order this and a merge would wait for each other.
  await lockById(tx, message.ticketId)
  if (outcome.kind === 'refused') return markFailed(tx, desk, message, outcome.reason)
  if (outcome.kind === 'sent') return markSent(tx, desk, message, outcome)
  await tx
    .update(tx.t.messages)
    .set({ error: outcome.reason.slice(0, 1000) })
    .where(eq(tx.t.messages.id, message.id))
  const data = { reason: outcome.reason }
  if (job.attempt === 1)
    await record(tx, {
      ticketId: message.ticketId,
      type: 'message_delayed',
      actor: system,
      messageId: message.id,
      data,
    })
}

async function markSent(
  tx: Tx,
  desk: Desk,
  message: Message,
  { refused, providerId }: Extract<Outcome, { kind: 'sent' }>,
) {
  const { id, ticketId } = message
  const error = refused.length > 0 ? explain(refused) : null
  await tx
    .update(tx.t.messages)
    .set({ delivery: 'sent', sentAt: tx.now, error: error?.slice(0, 1000) ?? null })
    .where(eq(tx.t.messages.id, id))
  if (providerId) {
    const ticket = (await ticketById(tx, ticketId))!
    await rememberId(tx, (await inboxById(tx, ticket.inboxId))!.group, providerId, id)
  }
  const data = refused.length > 0 ? { refused } : {}
  await record(tx, { ticketId, type: 'message_sent', actor: system, messageId: id, data })
  await desk.hooks.emit(tx, messageSent, { ticketId, messageId: id })
}

async function markFailed(tx: Tx, desk: Desk, { id, ticketId }: Message, error: string) {
  await lockById(tx, ticketId)
  await tx
    .update(tx.t.messages)
    .set({ delivery: 'failed', error: error.slice(0, 1000) })
    .where(eq(tx.t.messages.id, id))
  await record(tx, { ticketId, type: 'message_failed', actor: system, messageId: id, data: { error } })
  await desk.hooks.emit(tx, messageFailed, { ticketId, messageId: id, error })
}
