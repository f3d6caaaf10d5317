// Who writes, who answers, and what they may see.
import type { Kit } from '../kit.js'

export const peopleTables = (c: Kit) => ({
  contacts: c.table(
    'contacts',
    {
      id: c.text().primaryKey(),
      version: c.int().notNull(),
      name: c.text().notNull(),
      language: c.text(),
      notes: c.text().notNull(),
      createdAt: c.instant().notNull(),
      updatedAt: c.instant().notNull(),
    },
    (t) => [c.index('contacts_by_name').on(t.name, t.id)],
  ),
  identities: c.table(
    'identities',
    {
      id: c.text().primaryKey(),
      contactId: c.text().notNull(),
      kind: c.text().notNull().$type<'email' | 'phone'>(),
      value: c.text().notNull(),
    },
    (t) => [
      c.unique('identities_by_value').on(t.kind, t.value),
      c.index('identities_by_contact').on(t.contactId),
    ],
  ),
  roles: c.table('roles', {
    id: c.text().primaryKey(),
    name: c.text().notNull().unique(),
    permissions: c.json<string[]>().notNull(),
    /** Sees every inbox, whatever teams the agent is in. */
    allInboxes: c.bool().notNull(),
  }),
  agents: c.table('agents', {
    id: c.text().primaryKey(),
    name: c.text().notNull(),
    email: c.text().notNull().unique(),
    roleId: c.text().notNull(),
    passwordHash: c.text(),
    active: c.bool().notNull(),
    createdAt: c.instant().notNull(),
  }),
  teams: c.table('teams', { id: c.text().primaryKey(), name: c.text().notNull().unique() }),
  teamMembers: c.table('team_members', { teamId: c.text().notNull(), agentId: c.text().notNull() }, (t) => [
    c.key({ columns: [t.teamId, t.agentId] }),
    c.index('team_members_by_agent').on(t.agentId),
  ]),
  teamInboxes: c.table('team_inboxes', { teamId: c.text().notNull(), inboxId: c.text().notNull() }, (t) => [
    c.key({ columns: [t.teamId, t.inboxId] }),
  ]),
  tokens: c.table(
    'tokens',
    {
      id: c.text().primaryKey(),
      hash: c.text().notNull().unique(),
      kind: c.text().notNull().$type<'token' | 'session'>(),
      name: c.text().notNull(),
      agentId: c.text().notNull(),
      createdAt: c.instant().notNull(),
      expiresAt: c.instant().notNull(),
    },
    (t) => [c.index('tokens_by_agent').on(t.agentId), c.index('tokens_by_expiry').on(t.expiresAt)],
  ),
  /** One-time keys with which a browser opens live updates: it cannot send a header, and a token must not stand in a URL. */
  liveTickets: c.table(
    'live_tickets',
    { hash: c.text().primaryKey(), tokenId: c.text().notNull(), expiresAt: c.instant().notNull() },
    (t) => [c.index('live_tickets_by_expiry').on(t.expiresAt)],
  ),
  /** Token buckets: how much is left for a key, and when that was so. */
  limits: c.table(
    'limits',
    { key: c.text().primaryKey(), left: c.real().notNull(), at: c.instant().notNull() },
    (t) => [c.index('limits_by_at').on(t.at)],
  ),
})
