// Who belongs to a ticket besides its requester.
import { eq, sql } from 'drizzle-orm'
import type { Mailbox } from '../db/tables/tickets.js'
import { prepared, type Reader, type Tx } from '../db/types.js'

const p = sql.placeholder

const insert = prepared<{ ticketId: string; contactId: string; role: string }, { contactId: string }>(
  (q, t) =>
    q
      .insert(t.participants)
      .values({ ticketId: p('ticketId'), contactId: p('contactId'), role: p('role') as never })
      .onConflictDoNothing()
      .returning({ contactId: t.participants.contactId }) as never,
)

const withAddresses = prepared<
  { ticketId: string },
  { contactId: string; role: 'requester' | 'cc'; name: string; address: string | null }
>(
  (q, t) =>
    q
      .select({
        contactId: t.participants.contactId,
        role: t.participants.role,
        name: t.contacts.name,
        address: t.identities.value,
      })
      .from(t.participants)
      .innerJoin(t.contacts, eq(t.contacts.id, t.participants.contactId))
      .leftJoin(
        t.identities,
        sql`${t.identities.contactId} = ${t.participants.contactId} and ${t.identities.kind} = 'email'`,
      )
      .where(eq(t.participants.ticketId, p('ticketId')))
      .orderBy(t.identities.id) as never,
)

/** @returns whether the contact was not yet one. */
export async function addParticipant(
  tx: Tx,
  ticketId: string,
  contactId: string,
  role: 'requester' | 'cc',
): Promise<boolean> {
  const added = await tx.run(insert, { ticketId, contactId, role })
  return added.length > 0
}

export interface Participant {
  contactId: string
  role: 'requester' | 'cc'
  name: string
  /** The first e-mail address of the contact. */
  address: string | null
}

export async function readParticipants(r: Reader, ticketId: string): Promise<Participant[]> {
  const seen = new Set<string>()
  const rows = await r.run(withAddresses, { ticketId })
  return rows.filter((row) => !seen.has(row.contactId) && seen.add(row.contactId))
}

export const mailboxOf = ({ name, address }: Participant): Mailbox => ({
  name: name === address ? '' : name,
  address: address!,
})
