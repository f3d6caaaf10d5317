// Lists of tickets: filters, sort, keyset pages. Each combination of filters is one prepared statement.
import { and, asc, desc, eq, gt, gte, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { param } from '../db/param.js'
import { type Prepared, prepared, type Reader } from '../db/types.js'
import { fail } from '../errors.js'
import type { Principal } from '../people/principal.js'
import { visible } from './access.js'
import { canonicalTag } from './tags.js'
import { endOfPrefix, wordsOf } from './words.js'

export type Sort = '-created' | 'created' | '-updated' | 'updated'

export interface TicketQuery {
  status?: string[]
  priority?: string
  /** `none`: nobody's. */
  assigneeId?: string
  teamId?: string
  inboxId?: string
  requesterId?: string
  tag?: string
  /** A field of a plugin, and the value in its stored form. */
  field?: { name: string; value: string }
  updatedSince?: Date
  /** Words of the subject; each may be the beginning of one. */
  subject?: string
  sort?: Sort
  cursor?: string
  limit?: number
}

const columns = (t: Reader['t']) => ({
  id: t.tickets.id,
  number: t.tickets.number,
  version: t.tickets.version,
  subject: t.tickets.subject,
  status: t.tickets.status,
  priority: t.tickets.priority,
  channel: t.tickets.channel,
  inboxId: t.tickets.inboxId,
  requesterId: t.tickets.requesterId,
  requesterName: t.contacts.name,
  assigneeId: t.tickets.assigneeId,
  teamId: t.tickets.teamId,
  tags: t.tickets.tags,
  createdAt: t.tickets.createdAt,
  updatedAt: t.tickets.updatedAt,
  lastMessageAt: t.tickets.lastMessageAt,
})

export interface TicketRow {
  id: string
  number: number
  version: number
  subject: string
  status: string
  priority: string
  channel: string
  inboxId: string
  requesterId: string
  requesterName: string
  assigneeId: string | null
  teamId: string | null
  tags: string[]
  createdAt: Date
  updatedAt: Date
  lastMessageAt: Date | null
}

interface Shape {
  fields: string[]
  statuses: number
  words: number
  sort: Sort
  after: boolean
  who: Pick<Principal, 'inboxIds' | 'teamIds'>
}

const statements = new Map<string, Prepared<Record<string, unknown>, TicketRow>>()
const MOST_STATEMENTS = 500

export async function listTickets(
  r: Reader,
  who: Principal,
  query: TicketQuery,
): Promise<{ items: TicketRow[]; nextCursor: string | null }> {
  const sort = query.sort ?? '-created'
  const limit = query.limit ?? 50
  const params: Record<string, unknown> = { limit: limit + 1 }
  const fields = (
    ['priority', 'assigneeId', 'teamId', 'inboxId', 'requesterId', 'updatedSince', 'tag', 'field'] as const
  ).filter((field) => query[field] !== undefined)
  for (const field of fields) params[field] = query[field]
  if (query.field) Object.assign(params, { field: query.field.name, fieldValue: query.field.value })
  if (query.tag !== undefined) params.tag = canonicalTag(query.tag)
  if (query.assigneeId === 'none') fields[fields.indexOf('assigneeId')] = 'unassigned' as never
  const statuses = [...new Set(query.status ?? [])]
  statuses.forEach((status, index) => {
    params[`status${index}`] = status
  })
  const words = query.subject === undefined ? [] : wordsOf(query.subject).slice(0, 5)
  words.forEach((word, index) => {
    params[`word${index}`] = word
    params[`wordEnd${index}`] = endOfPrefix(word)
  })
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, sort)
  Object.assign(params, after)
  const shape: Shape = {
    fields,
    statuses: statuses.length,
    words: words.length,
    sort,
    after: after !== undefined,
    who,
  }
  const rows = await r.run(statementFor(shape), params)
  const items = rows.length > limit ? rows.slice(0, limit) : rows
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? makeCursor(sort, last) : null }
}

function statementFor(shape: Shape) {
  const key = JSON.stringify([
    shape.fields,
    shape.statuses,
    shape.words,
    shape.sort,
    shape.after,
    shape.who.inboxIds,
    shape.who.inboxIds && shape.who.teamIds,
  ])
  let statement = statements.get(key)
  if (!statement) {
    statement = prepared<Record<string, unknown>, TicketRow>((q, t) => {
      const { tickets, contacts } = t
      const byUpdate = shape.sort.endsWith('updated')
      const order = shape.sort.startsWith('-') ? desc : asc
      return q
        .select(columns(t))
        .from(tickets)
        .innerJoin(contacts, eq(contacts.id, tickets.requesterId))
        .where(and(visible({ t }, shape.who), ...conditions(t, shape)))
        .orderBy(...(byUpdate ? [order(tickets.updatedAt)] : []), order(tickets.number))
        .limit(sql.placeholder('limit')) as never
    })
    // Bounded: a principal's own set of inboxes is part of the key.
    if (statements.size >= MOST_STATEMENTS) statements.clear()
    statements.set(key, statement)
  }
  return statement
}

function conditions(t: Reader['t'], { fields, statuses, words, sort, after }: Shape): (SQL | undefined)[] {
  const { tickets, ticketTags, ticketFields, ticketWords } = t
  const p = sql.placeholder
  const found: (SQL | undefined)[] = fields.map((field) => {
    if (field === 'unassigned') return isNull(tickets.assigneeId)
    if (field === 'updatedSince') return gte(tickets.updatedAt, param(tickets.updatedAt, field))
    if (field === 'tag')
      return sql`${tickets.number} in (select ${ticketTags.number} from ${ticketTags} where ${ticketTags.tag} = ${p('tag')})`
    if (field === 'field')
      return sql`${tickets.number} in (select ${ticketFields.number} from ${ticketFields} where ${ticketFields.field} = ${p('field')} and ${ticketFields.value} = ${p('fieldValue')})`
    return eq(tickets[field as 'teamId'], p(field))
  })
  if (statuses > 0)
    found.push(
      or(...Array.from({ length: statuses }, (_, i) => eq(tickets.status, p(`status${i}`) as never))),
    )
  for (let i = 0; i < words; i++)
    found.push(
      sql`${tickets.number} in (select ${ticketWords.number} from ${ticketWords} where ${ticketWords.word} >= ${p(`word${i}`)} and ${ticketWords.word} < ${p(`wordEnd${i}`)})`,
    )
  if (after) found.push(beyond(t, sort))
  return found
}

function beyond({ tickets }: Reader['t'], sort: Sort): SQL | undefined {
  const further = sort.startsWith('-') ? lt : gt
  const number = param(tickets.number, 'afterNumber')
  if (!sort.endsWith('updated')) return further(tickets.number, number)
  const at = param(tickets.updatedAt, 'afterAt')
  return or(further(tickets.updatedAt, at), and(eq(tickets.updatedAt, at), further(tickets.number, number)))
}

const makeCursor = (sort: Sort, { number, updatedAt }: TicketRow): string =>
  Buffer.from(JSON.stringify([sort, number, updatedAt.getTime()])).toString('base64url')

const isTime = (at: unknown) => Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) < 2 ** 47

function readCursor(cursor: string, sort: Sort) {
  try {
    const [madeFor, number, at] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (madeFor === sort && Number.isSafeInteger(number) && isTime(at))
      return { afterNumber: number, afterAt: new Date(at as number) }
  } catch {
    // Not one of ours: refused below.
  }
  throw fail('invalid_cursor')
}
