// The source of the new plugin. It shows each way in which a plugin can act once, in a piece that makes sense.
import type { Template } from './index.js'

export const tables = ({
  name,
}: Template): string => `// The tables of ${name}, written once for SQLite and PostgreSQL. After a change: npm run migration.
import type { Kit } from 'frontdesk/plugin'

export const tables = (c: Kit) => ({
  /** Tickets whose last public message is a guest's. */
  waits: c.table('waits', {
    ticketId: c.text().primaryKey(),
    since: c.instant().notNull(),
    remindedAt: c.instant(),
  }),
})
`

export const source = ({
  name,
  inside,
}: Template): string => `// ${name}: reminds the agents of tickets that nobody has answered.
import { and, asc, eq, isNull } from 'drizzle-orm'
import { after, createTicket, definePlugin, HOUR, messageQueued, messageReceived } from 'frontdesk/plugin'
import Type from 'typebox'
import { tables } from './tables.js'

export default definePlugin({
  name: '${name}',
  version: '0.1.0',
  api: '^1.0.0',
  description: 'Reminds the agents of tickets that nobody has answered.',
  tables,
  migrations: new URL('${inside ? './' : '../'}migrations/', import.meta.url),
  settings: Type.Object({
    hours: Type.Number({
      default: 24,
      minimum: 1,
      description: 'Hours without an answer before a reminder.',
    }),
  }),
  permissions: { read: 'See which tickets wait for an answer' },
  fields: { reminded: { schema: Type.Boolean(), description: 'The agents were reminded of it.' } },

  setup(app) {
    const { waits } = app.tables

    // A filter: inside the transaction that makes the ticket. No network here, no waiting.
    app.filter(createTicket, 'urgent', (_tx, ticket) =>
      /\\burgent\\b/i.test(ticket.subject) ? { ...ticket, tags: [...ticket.tags, 'urgent'] } : undefined,
    )

    // A job at its time. It may come twice: it acts only on a row that has not been reminded of.
    const remind = app.job<{ ticketId: string }>('remind', {
      run: (job) =>
        app.db.transaction(async (tx) => {
          const { ticketId } = job.data
          const due = await tx
            .update(waits)
            .set({ remindedAt: tx.now })
            .where(and(eq(waits.ticketId, ticketId), isNull(waits.remindedAt)))
            .returning()
          if (due.length > 0) {
            await app.desk.addNote(tx, ticketId, 'Nobody has answered this yet.')
            await app.fields.reminded.set(tx, ticketId, true)
          }
          await job.complete(tx)
        }),
    })

    // Handlers of events: after the commit, at least once, in no order. So both ask what is true now.
    async function look({ ticketId }: { ticketId: string }) {
      await app.db.transaction(async (tx) => {
        const ticket = await app.desk.ticket(tx, ticketId)
        const last = await app.desk.message(tx, ticket?.lastPublicMessageId ?? '')
        if (last?.direction === 'in') {
          const row = { since: last.createdAt, remindedAt: null }
          await tx
            .insert(waits)
            .values({ ticketId, ...row })
            .onConflictDoNothing()
          const at = after(last.createdAt, app.settings().hours * HOUR)
          await remind.schedule(tx, { ticketId }, { key: ticketId, at })
        } else {
          await tx.delete(waits).where(eq(waits.ticketId, ticketId))
          await remind.cancel(tx, ticketId)
          await app.fields.reminded.set(tx, ticketId, null)
        }
      })
    }
    app.on(messageReceived, 'look', look)
    app.on(messageQueued, 'look', look)

    app.route({
      method: 'GET',
      url: '/waiting',
      permission: app.permissions.read,
      summary: 'Tickets that wait for an answer, the longest first',
      response: {
        200: Type.Object({
          items: Type.Array(Type.Object({ ticketId: Type.String(), since: Type.String() })),
        }),
      },
      async handler() {
        const rows = await app.db.select().from(waits).orderBy(asc(waits.since))
        return { items: rows.map(({ ticketId, since }) => ({ ticketId, since: since.toISOString() })) }
      },
    })
  },
})
`
