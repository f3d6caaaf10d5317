// Contacts and the addresses they are known by.
import { and, eq, inArray, sql } from 'drizzle-orm'
import { newId } from '../clock.js'
import { prepared, type Reader, type Tx } from '../db/types.js'
import { fail } from '../errors.js'

/** One spelling per address: the domain and, as all providers in practice do, the local part without case. */
export const canonicalAddress = (address: string): string => address.trim().toLowerCase()

const p = sql.placeholder

const byAddress = prepared<{ kind: string; value: string }, { id: string; name: string }>((q, t) =>
  q
    .select({ id: t.contacts.id, name: t.contacts.name })
    .from(t.identities)
    .innerJoin(t.contacts, eq(t.contacts.id, t.identities.contactId))
    .where(and(eq(t.identities.kind, p('kind') as never), eq(t.identities.value, p('value')))),
)

const insertContact = prepared<{ id: string; name: string; now: Date }, never>(
  (q, t) =>
    q.insert(t.contacts).values({
      id: p('id'),
      version: 1,
      name: p('name'),
      notes: '',
      createdAt: p('now'),
      updatedAt: p('now'),
    }) as never,
)

const insertIdentity = prepared<
  { id: string; contactId: string; kind: string; value: string },
  { id: string }
>(
  (q, t) =>
    q
      .insert(t.identities)
      .values({ id: p('id'), contactId: p('contactId'), kind: p('kind'), value: p('value') })
      .onConflictDoNothing()
      .returning({ id: t.identities.id }) as never,
)

export async function findContact(r: Reader, kind: 'email' | 'phone', value: string) {
  const [row] = await r.run(byAddress, { kind, value })
  return row
}

/** The contact with this e-mail address, made if there is none. The name given is only used for a new one. */
export async function contactByEmail(
  tx: Tx,
  name: string,
  address: string,
): Promise<{ id: string; name: string }> {
  const value = canonicalAddress(address)
  const known = await findContact(tx, 'email', value)
  if (known) return known
  const id = newId()
  await tx.run(insertContact, { id, name: name || value, now: tx.now })
  const added = await tx.run(insertIdentity, { id: newId(), contactId: id, kind: 'email', value })
  if (added.length > 0) return { id, name: name || value }
  // Another process was faster: its contact counts.
  await tx.delete(tx.t.contacts).where(eq(tx.t.contacts.id, id))
  return (await findContact(tx, 'email', value))!
}

export interface Identity {
  kind: 'email' | 'phone'
  value: string
}

export interface ContactInput {
  name?: string
  language?: string | null
  notes?: string
  identities?: Identity[]
}

export async function createContact(tx: Tx, input: ContactInput & { name: string }): Promise<string> {
  const id = newId()
  const { identities = [], ...fields } = input
  await tx
    .insert(tx.t.contacts)
    .values({ id, version: 1, notes: '', createdAt: tx.now, updatedAt: tx.now, ...fields })
  await setIdentities(tx, id, identities)
  return id
}

/** @throws DeskError `version_conflict` when the contact is no longer at `version`. */
export async function updateContact(tx: Tx, id: string, version: number, input: ContactInput): Promise<void> {
  const { identities, ...fields } = input
  const changed = await tx
    .update(tx.t.contacts)
    .set({ ...fields, version: version + 1, updatedAt: tx.now })
    .where(and(eq(tx.t.contacts.id, id), eq(tx.t.contacts.version, version)))
    .returning({ id: tx.t.contacts.id })
  if (changed.length === 0) throw fail('version_conflict', undefined, { current: await readContact(tx, id) })
  if (identities) await setIdentities(tx, id, identities)
}

async function setIdentities(tx: Tx, contactId: string, identities: readonly Identity[]) {
  await tx.delete(tx.t.identities).where(eq(tx.t.identities.contactId, contactId))
  for (const { kind, value } of identities) {
    const added = await tx.run(insertIdentity, {
      id: newId(),
      contactId,
      kind,
      value: canonicalAddress(value),
    })
    if (added.length === 0)
      throw fail('already_exists', `${value} belongs to another contact.`, {
        errors: [{ field: 'body/identities', message: `${value} belongs to another contact` }],
      })
  }
}

export async function readContact(r: Reader, id: string) {
  const [contact] = await readContacts(r, [id])
  return contact
}

export async function readContacts(r: Reader, ids: readonly string[]) {
  if (ids.length === 0) return []
  const { contacts, identities } = r.t
  const [rows, known] = await Promise.all([
    r
      .select()
      .from(contacts)
      .where(inArray(contacts.id, [...ids])),
    r
      .select()
      .from(identities)
      .where(inArray(identities.contactId, [...ids]))
      .orderBy(identities.id),
  ])
  return rows.map((row) => ({
    ...row,
    identities: known.filter((i) => i.contactId === row.id).map(({ kind, value }) => ({ kind, value })),
  }))
}
