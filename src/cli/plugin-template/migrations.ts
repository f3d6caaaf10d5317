// The first migration of the new plugin with its snapshots, as drizzle-kit would write them: a plugin can be made
// where drizzle-kit is not installed. A test compares.
import { prefixOf } from '../../plugin/tables.js'
import type { Template } from './index.js'

const NONE = '00000000-0000-0000-0000-000000000000'

export function migrationFiles({ name }: Template): Record<string, string> {
  const table = `${prefixOf(name)}waits`
  return {
    'migrations/sqlite/0001_waits.sql': sqlite(table),
    'migrations/sqlite/snapshot.json': json(sqliteSnapshot(table)),
    'migrations/postgres/0001_waits.sql': postgres(table),
    'migrations/postgres/snapshot.json': json(postgresSnapshot(table)),
  }
}

const json = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`

const sqlite = (table: string) =>
  `CREATE TABLE \`${table}\` (
	\`ticket_id\` text PRIMARY KEY NOT NULL,
	\`since\` integer NOT NULL,
	\`reminded_at\` integer
) STRICT;
`

const postgres = (table: string) =>
  `CREATE TABLE "${table}" (
	"ticket_id" text PRIMARY KEY NOT NULL,
	"since" timestamp(3) with time zone NOT NULL,
	"reminded_at" timestamp(3) with time zone
);

`

const column = (name: string, type: string, notNull: boolean, more: object = {}) => ({
  [name]: { name, type, primaryKey: name === 'ticket_id', notNull, ...more },
})

const columns = (instant: string, more?: object) => ({
  ...column('ticket_id', 'text', true, more),
  ...column('since', instant, true, more),
  ...column('reminded_at', instant, false, more),
})

const parts = { indexes: {}, foreignKeys: {}, compositePrimaryKeys: {}, uniqueConstraints: {} }

const sqliteSnapshot = (name: string) => ({
  version: '6',
  dialect: 'sqlite',
  tables: {
    [name]: { name, columns: columns('integer', { autoincrement: false }), ...parts, checkConstraints: {} },
  },
  views: {},
  enums: {},
  _meta: { tables: {}, columns: {} },
  internal: { indexes: {} },
  id: '6f7be6f4-6e2f-4b6d-9d0b-0a3f0f8d3b01',
  prevId: NONE,
})

const postgresSnapshot = (name: string) => ({
  version: '7',
  dialect: 'postgresql',
  tables: {
    [`public.${name}`]: {
      name,
      schema: '',
      columns: columns('timestamp(3) with time zone'),
      ...parts,
      policies: {},
      checkConstraints: {},
      isRLSEnabled: false,
    },
  },
  enums: {},
  schemas: {},
  sequences: {},
  roles: {},
  policies: {},
  views: {},
  _meta: { schemas: {}, tables: {}, columns: {} },
  id: '6f7be6f4-6e2f-4b6d-9d0b-0a3f0f8d3b02',
  prevId: NONE,
})
