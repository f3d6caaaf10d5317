// GET /api/plugins/acknowledge/answers: what was sent, what was left out and why; the newest first.
import { and, desc, inArray, isNotNull, isNull, lt, type SQL } from 'drizzle-orm'
import { fail, type PluginRoute } from 'frontdesk/plugin'
import Type, { type Static, type TSchema } from 'typebox'
import type { App } from './app.js'
import { type Reason, reasons } from './reasons.js'
import type { Answer } from './tables.js'

const orNull = <T extends TSchema & { type?: string }>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'] })

const answer = Type.Object({
  id: Type.String(),
  ticketId: Type.String(),
  inboxId: Type.String(),
  address: orNull(Type.String({ description: 'Without a +tag, as the limits count it.' })),
  sent: Type.Boolean(),
  reason: orNull(Type.String({ description: 'Why none was sent.', examples: ['automatic'] })),
  explanation: orNull(Type.String({ description: 'The reason as a sentence.' })),
  language: orNull(Type.String()),
  messageId: orNull(Type.String({ description: 'The message of the ticket that was sent.' })),
  at: Type.String({ format: 'date-time' }),
})

const query = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
    sent: Type.Optional(Type.Boolean({ description: 'Only those that were sent, or were left out.' })),
  },
  { additionalProperties: false },
)

export const answersRoute = (app: App): PluginRoute<TSchema, typeof query, TSchema> => ({
  method: 'GET',
  url: '/answers',
  permission: app.permissions.read,
  summary: 'Acknowledgements that were sent or left out',
  description: 'Those of the inboxes that the caller sees, newest first.',
  query,
  response: {
    200: Type.Object({ items: Type.Array(answer), nextCursor: orNull(Type.String()) }),
  },
  async handler({ query: { limit = 50, cursor, sent }, who }) {
    const { answers } = app.tables
    const conditions: (SQL | undefined)[] = [
      who.inboxIds ? inArray(answers.inboxId, [...who.inboxIds]) : undefined,
      cursor === undefined ? undefined : lt(answers.id, readCursor(cursor)),
      sent === undefined ? undefined : sent ? isNull(answers.reason) : isNotNull(answers.reason),
    ]
    const rows = await app.db
      .select()
      .from(answers)
      .where(and(...conditions))
      .orderBy(desc(answers.id))
      .limit(limit + 1)
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    return {
      items: items.map(view),
      nextCursor: rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null,
    }
  },
})

function readCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (!/^[0-9a-f-]{36}$/.test(id)) throw fail('invalid_cursor')
  return id
}

const view = ({ at, reason, ...row }: Answer) => ({
  ...row,
  sent: reason === null,
  reason,
  explanation: reason && reasons[reason satisfies Reason],
  at: at.toISOString(),
})
