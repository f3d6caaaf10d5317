// What a request about a ticket names must exist, and be for the one who names it.
import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/types.js'
import { fail, unknownReference } from '../../errors.js'
import { contactByEmail } from '../../people/contacts.js'
import type { Principal } from '../../people/principal.js'
import { visibleContact } from '../../tickets/access.js'

/** The contact that the ticket is for. @throws DeskError `unknown_reference`, `invalid_request`. */
export async function requesterOf(
  tx: Tx,
  who: Principal,
  id: string | undefined,
  mailbox: { name: string; address: string } | undefined,
) {
  if (mailbox) return (await contactByEmail(tx, mailbox.name, mailbox.address)).id
  if (id === undefined)
    throw fail('invalid_request', 'A ticket needs its requester: give `requesterId` or `requester`.', {
      errors: [{ field: 'body/requester', message: 'is missing' }],
    })
  const { contacts } = tx.t
  const [contact] = await tx
    .select({ id: contacts.id })
    .from(contacts)
    .where(and(eq(contacts.id, id), visibleContact(tx, who)))
  // Otherwise a ticket of one's own would open the contact of somebody else's.
  if (!contact) throw unknownReference('requesterId', id)
  return id
}

/** Everything that is named exists, and an agent can only put a ticket where they may see it. */
export async function checkReferences(
  tx: Tx,
  who: Principal,
  {
    inboxId,
    assigneeId,
    teamId,
  }: {
    inboxId?: string | undefined
    assigneeId?: string | null | undefined
    teamId?: string | null | undefined
  },
) {
  const { inboxes, agents, teams } = tx.t
  if (inboxId !== undefined) {
    const [inbox] = await tx.select({ id: inboxes.id }).from(inboxes).where(eq(inboxes.id, inboxId))
    if (!inbox || (who.inboxIds !== null && !who.inboxIds.includes(inboxId)))
      throw unknownReference('inboxId', inboxId)
  }
  if (assigneeId) {
    const [agent] = await tx.select({ active: agents.active }).from(agents).where(eq(agents.id, assigneeId))
    if (!agent?.active) throw unknownReference('assigneeId', assigneeId)
  }
  if (teamId) {
    const [team] = await tx.select({ id: teams.id }).from(teams).where(eq(teams.id, teamId))
    if (!team) throw unknownReference('teamId', teamId)
  }
}
