// What the desk tells an agent by mail: part of no ticket, marked so that no machine answers it.
import { eq, lte } from 'drizzle-orm'
import type { Channel, Outcome, Outgoing } from '../channels/channel.js'
import { after, DAY, HOUR, MINUTE, newId } from '../clock.js'
import type { Db, Reader, Tx } from '../db/types.js'
import { unknownReference } from '../errors.js'
import { schedule } from '../jobs/schedule.js'
import { defineJob, exponential, type JobHandler } from '../jobs/types.js'
import { type AgentWithTeams, readAgents } from '../people/agents.js'
import { canonicalAddress } from '../people/contacts.js'
import { deskName, noticesFrom } from '../settings/core.js'
import { makeNoticeId } from '../tickets/capability.js'
import type { Desk } from '../tickets/desk.js'
import { allInboxes, type Inbox } from '../tickets/inboxes.js'

interface AgentMail {
  id: string
  agentId: string
  subject: string
  text: string
}

/** As long and as often as a reply is tried. */
export const agentMail = defineJob<AgentMail>('agentMail', {
  attempts: 20,
  concurrency: 4,
  backoff: exponential(MINUTE, 4 * HOUR),
})

const KEEP = 30 * DAY
const LONGEST = { key: 300, subject: 300, text: 50_000 }

/**
 * Queued in this transaction, once for each key within 30 days.
 * @returns false where this was said before, or the agent is switched off.
 */
export async function mailAgent(
  tx: Tx,
  { agentId, subject, text, key }: Omit<AgentMail, 'id'> & { key: string },
): Promise<boolean> {
  if (key.length > LONGEST.key) throw new RangeError(`a key has at most ${LONGEST.key} characters`)
  const [agent] = await readAgents(tx, agentId)
  if (!agent) throw unknownReference('agentId', agentId)
  if (!agent.active) return false
  const { agentMails } = tx.t
  const row = { agentId, createdAt: tx.now }
  const added = await tx
    .insert(agentMails)
    .values({ key, ...row })
    // Forgotten, whether or not somebody has swept it away yet.
    .onConflictDoUpdate({
      target: agentMails.key,
      set: row,
      setWhere: lte(agentMails.createdAt, after(tx.now, -KEEP)),
    })
    .returning({ key: agentMails.key })
  if (added.length === 0) return false
  const content = { subject: subject.slice(0, LONGEST.subject), text: text.slice(0, LONGEST.text) }
  const id = newId()
  await schedule(tx, agentMail, { id, agentId, ...content }, { key: id })
  return true
}

export async function dropOldAgentMails(tx: Tx): Promise<void> {
  const { agentMails } = tx.t
  await tx.delete(agentMails).where(lte(agentMails.createdAt, after(tx.now, -KEEP)))
}

export interface AgentMailDeps {
  db: Db
  desk: Desk
  channels: ReadonlyMap<string, Channel>
  /** For the metrics. */
  onSend?: (channel: string, outcome: Outcome['kind']) => void
}

export function agentMailHandler({ db, desk, channels, onSend }: AgentMailDeps): JobHandler<AgentMail> {
  return {
    type: agentMail,
    async run({ data, createdAt, signal }) {
      const [agent] = await readAgents(db, data.agentId)
      // Switched off meanwhile: what happens here is no longer theirs to read.
      if (!agent?.active) return
      const channel = channels.get('email')
      if (!channel) throw new Error('the channel "email" is not there')
      const inbox = await senderOf(db, desk, agent)
      await checkSuppressed(db, agent)
      const outgoing = compose(desk, agent, inbox, data, createdAt)
      const outcome = await channel.deliver(outgoing, signal)
      onSend?.('email', outcome.kind)
      if (outcome.kind !== 'sent') throw new Error(outcome.reason)
    },
  }
}

async function senderOf(r: Reader, desk: Desk, agent: AgentWithTeams): Promise<Inbox> {
  const inboxes = await allInboxes(r)
  if (inboxes.some(({ address }) => address === canonicalAddress(agent.email)))
    throw new Error(`${agent.email} is an inbox of this desk: the mail would come back as a new message`)
  const wanted = canonicalAddress(desk.settings.get(noticesFrom))
  const oldest = inboxes.toSorted(
    (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
  )
  const inbox = oldest.find(({ address }) => address === wanted) ?? oldest[0]
  if (!inbox) throw new Error('there is no inbox in whose name it could be sent')
  return inbox
}

async function checkSuppressed(r: Reader, { email }: AgentWithTeams): Promise<void> {
  const { suppressions } = r.t
  const [found] = await r
    .select()
    .from(suppressions)
    .where(eq(suppressions.address, canonicalAddress(email)))
  if (found) throw new Error(`nothing is sent to ${email} since it bounced (${found.reason})`)
}

function compose(desk: Desk, agent: AgentWithTeams, inbox: Inbox, mail: AgentMail, date: Date): Outgoing {
  return {
    id: mail.id,
    from: { name: desk.settings.get(deskName), address: inbox.address },
    to: [{ name: agent.name, address: agent.email }],
    cc: [],
    replyTo: null,
    subject: mail.subject,
    text: mail.text,
    html: '',
    messageId: makeNoticeId(desk.secrets, mail.id, inbox.address),
    references: [],
    date,
    automatic: true,
    generated: true,
    attachments: [],
    inbox,
  }
}
