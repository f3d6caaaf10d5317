// Changes of the list of policies. Each writes a new book; running tickets stay with theirs, but for what was
// switched off.
import { eq, sql } from 'drizzle-orm'
import { fail, newId, type PluginTx } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { Books } from './books.js'
import { checkPolicy } from './check.js'
import { filledIn, type NewPolicy, type Policy, type PolicyChanges } from './policy.js'

export interface Editing {
  readonly app: App
  readonly books: Books
  /** The timers of this policy end, or its tickets show another name. */
  changed(tx: PluginTx, policyId: string): Promise<void>
}

export async function addPolicy(
  { app, books }: Editing,
  tx: PluginTx,
  { position, ...given }: NewPolicy,
  agentId: string,
): Promise<Policy> {
  await holdCalendar(app, tx, given.calendarId)
  const { policies, revision } = await books.newest(tx)
  const policy: Policy = { ...filledIn(given), id: newId(), version: 1 }
  await checkPolicy(app, tx, policy, policies)
  const at = Math.min((position ?? policies.length + 1) - 1, policies.length)
  await books.save(tx, revision, policies.toSpliced(at, 0, policy), agentId)
  return policy
}

export async function changePolicy(
  editing: Editing,
  tx: PluginTx,
  id: string,
  { version, ...changes }: PolicyChanges,
  agentId: string,
): Promise<Policy> {
  const { app, books } = editing
  if (changes.calendarId !== undefined) await holdCalendar(app, tx, changes.calendarId)
  const { policies, revision } = await books.newest(tx)
  const old = mustFind(policies, id)
  if (old.version !== version) throw fail('version_conflict', undefined, { current: old })
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  const policy: Policy = { ...old, ...given, version: version + 1 }
  await checkPolicy(app, tx, policy, policies, given)
  await books.save(
    tx,
    revision,
    policies.map((one) => (one.id === id ? policy : one)),
    agentId,
  )
  if ((old.enabled && !policy.enabled) || old.name !== policy.name) await editing.changed(tx, id)
  return policy
}

/** Nobody deletes it before the end of this transaction: the update is a lock. */
async function holdCalendar({ tables: { calendars } }: App, tx: PluginTx, id: string): Promise<void> {
  await tx
    .update(calendars)
    .set({ version: sql`${calendars.version}` })
    .where(eq(calendars.id, id))
}

export async function removePolicy(
  editing: Editing,
  tx: PluginTx,
  id: string,
  agentId: string,
): Promise<void> {
  const { policies, revision } = await editing.books.newest(tx)
  mustFind(policies, id)
  await editing.books.save(
    tx,
    revision,
    policies.filter((one) => one.id !== id),
    agentId,
  )
  await editing.changed(tx, id)
}

/** @param ids all of them, in their new order. */
export async function orderPolicies(
  { books }: Editing,
  tx: PluginTx,
  ids: readonly string[],
  agentId: string,
): Promise<readonly Policy[]> {
  const { policies, revision } = await books.newest(tx)
  const same = ids.length === policies.length && new Set(ids).size === ids.length
  const message = 'name every policy once, in the order in which they are to be asked'
  if (!same || !policies.every(({ id }) => ids.includes(id)))
    throw fail('invalid_request', message, { errors: [{ field: 'body/ids', message }] })
  const ordered = ids.map((id) => mustFind(policies, id))
  await books.save(tx, revision, ordered, agentId)
  return ordered
}

export function mustFind(policies: readonly Policy[], id: string): Policy {
  const found = policies.find((one) => one.id === id)
  if (!found) throw fail('not_found', 'There is no such policy.')
  return found
}
