// Inboxes as tickets see them.
import { eq, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import type { InboxOptions } from '../db/tables/intake.js'
import { prepared, type Reader, type Tx } from '../db/types.js'
import { fail } from '../errors.js'

export type Inbox = Reader['t']['inboxes']['$inferSelect']

/** What plugins see of one. */
export interface InboxView {
  readonly id: string
  readonly address: string
  readonly name: string
  readonly group: string
}

export const viewOfInbox = ({ id, address, name, group }: Inbox): InboxView => ({ id, address, name, group })

const byId = prepared<{ id: string }, Inbox>(
  (q, t) =>
    q
      .select()
      .from(t.inboxes)
      .where(eq(t.inboxes.id, sql.placeholder('id'))) as never,
)

export async function inboxById(r: Reader, id: string): Promise<Inbox | undefined> {
  const [inbox] = await r.run(byId, { id })
  return inbox
}

/** Every inbox of the desk: there are few, and each mail is compared with all of them. */
const every = prepared<Record<string, never>, Inbox>((q, t) => q.select().from(t.inboxes) as never)
export const allInboxes = (r: Reader): Promise<Inbox[]> => r.run(every, {})

export interface InboxInput {
  address: string
  name?: string
  group?: string
  options?: InboxOptions
}

/** @throws DeskError `already_exists`. */
export async function createInbox(
  tx: Tx,
  { address, name, group = 'default', options = {} }: InboxInput,
): Promise<Inbox> {
  const row = {
    id: newId(),
    address: address.trim().toLowerCase(),
    name: name ?? address,
    group,
    options,
    createdAt: tx.now,
  }
  const added = await tx
    .insert(tx.t.inboxes)
    .values(row)
    .onConflictDoNothing()
    .returning({ id: tx.t.inboxes.id })
  if (added.length === 0)
    throw fail('already_exists', `There is an inbox ${row.address} already.`, {
      errors: [{ field: 'body/address', message: 'exists already' }],
    })
  return row
}
