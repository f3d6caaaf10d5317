// The statements of lists of tickets: one prepared statement for each combination of filters and sort.
import { and, asc, desc, eq, gt, gte, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { param } from '../db/param.js'
import { type Prepared, prepared, type Queries, type Reader } from '../db/types.js'
import type { Principal } from '../people/principal.js'
import { visible } from './access.js'

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
  /** The stored value of the field that the list is sorted by. */
  sortedBy?: string
}

type Simple =
  | 'priority'
  | 'unassigned'
  | 'assigneeId'
  | 'teamId'
  | 'inboxId'
  | 'requesterId'
  | 'updatedSince'
  | 'tag'

export interface Shape {
  simple: Simple[]
  statuses: number
  words: number
  fields: number
  ranges: {
    from: boolean
    before: boolean /** Of the field that the list is sorted by. */
    sorted: boolean
  }[]
  sort: '-created' | 'created' | '-updated' | 'updated' | '-field' | 'field'
  after: boolean
  who: Pick<Principal, 'inboxIds' | 'teamIds'>
}

type Tables = Reader['t']
type Statement = Prepared<Record<string, unknown>, TicketRow>

const statements = new Map<string, Statement>()
const MOST_STATEMENTS = 500

export function statementFor(shape: Shape): Statement {
  const { who, ...rest } = shape
  const key = JSON.stringify([rest, who.inboxIds, who.inboxIds && who.teamIds])
  let statement = statements.get(key)
  if (!statement) {
    statement = prepared((q, t) => build(q, t, shape) as never)
    // Bounded: a principal's own set of inboxes is part of the key.
    if (statements.size >= MOST_STATEMENTS) statements.clear()
    statements.set(key, statement)
  }
  return statement
}

function build(q: Queries, t: Tables, shape: Shape) {
  const { tickets, contacts, ticketFields } = t
  const ofTicket = eq(contacts.id, tickets.requesterId)
  const where = and(visible({ t }, shape.who), ...conditions(t, shape))
  const order = shape.sort.startsWith('-') ? desc : asc
  const limit = sql.placeholder('limit')
  if (!alongField(shape)) {
    const from = q.select(columns(t)).from(tickets).innerJoin(contacts, ofTicket).where(where)
    const byUpdate = shape.sort.endsWith('updated') ? [order(tickets.updatedAt)] : []
    return from.orderBy(...byUpdate, order(tickets.number)).limit(limit)
  }
  // SQLite takes the tables of a cross join in the order in which they stand; it would otherwise begin with a filter and
  // sort what it finds.
  const byValue = isByField(shape)
  return q
    .select({ ...columns(t), ...(byValue && { sortedBy: ticketFields.value }) })
    .from(ticketFields)
    .crossJoin(tickets)
    .innerJoin(contacts, ofTicket)
    .where(
      and(
        eq(ticketFields.field, p(byValue ? 'sortField' : 'field0')),
        byValue ? undefined : eq(ticketFields.value, p('fieldValue0')),
        eq(tickets.number, ticketFields.number),
        where,
      ),
    )
    .orderBy(...(byValue ? [order(ticketFields.value)] : []), order(ticketFields.number))
    .limit(limit)
}

const isByField = ({ sort }: Shape) => sort.endsWith('field')

/** Its index has the order of the list: by value, or within one value by number. No list of what fits is made before. */
const alongField = (shape: Shape) => isByField(shape) || (shape.fields > 0 && shape.sort.endsWith('created'))

const columns = ({ tickets, contacts }: Tables) => ({
  id: tickets.id,
  number: tickets.number,
  version: tickets.version,
  subject: tickets.subject,
  status: tickets.status,
  priority: tickets.priority,
  channel: tickets.channel,
  inboxId: tickets.inboxId,
  requesterId: tickets.requesterId,
  requesterName: contacts.name,
  assigneeId: tickets.assigneeId,
  teamId: tickets.teamId,
  tags: tickets.tags,
  createdAt: tickets.createdAt,
  updatedAt: tickets.updatedAt,
  lastMessageAt: tickets.lastMessageAt,
})

const p = sql.placeholder
const upTo = <T>(many: number, make: (index: number) => T): T[] =>
  Array.from({ length: many }, (_, i) => make(i))

function conditions(t: Tables, shape: Shape): (SQL | undefined)[] {
  const { tickets, ticketWords, ticketFields: f } = t
  const ofField = (condition: SQL) =>
    sql`${tickets.number} in (select ${f.number} from ${f} where ${condition})`
  return [
    ...shape.simple.map((name) => simpleCondition(t, name)),
    shape.statuses > 0
      ? or(...upTo(shape.statuses, (i) => eq(tickets.status, p(`status${i}`) as never)))
      : undefined,
    ...upTo(shape.words, (i) => {
      const word = sql`${ticketWords.word} >= ${p(`word${i}`)} and ${ticketWords.word} < ${p(`wordEnd${i}`)}`
      return sql`${tickets.number} in (select ${ticketWords.number} from ${ticketWords} where ${word})`
    }),
    ...upTo(shape.fields, (i) =>
      i === 0 && alongField(shape) && !isByField(shape)
        ? undefined
        : ofField(sql`${f.field} = ${p(`field${i}`)} and ${f.value} = ${p(`fieldValue${i}`)}`),
    ),
    ...shape.ranges.map(({ from, before, sorted }, i) => {
      const range = and(
        from ? gte(f.value, p(`range_from${i}`)) : undefined,
        before ? lt(f.value, p(`range_before${i}`)) : undefined,
      )
      return sorted ? range : ofField(and(eq(f.field, p(`range_name${i}`)), range)!)
    }),
    shape.after ? beyond(t, shape) : undefined,
  ]
}

function simpleCondition({ tickets, ticketTags }: Tables, name: Simple): SQL {
  if (name === 'unassigned') return isNull(tickets.assigneeId)
  if (name === 'updatedSince') return gte(tickets.updatedAt, param(tickets.updatedAt, name))
  if (name === 'tag')
    return sql`${tickets.number} in (select ${ticketTags.number} from ${ticketTags} where ${ticketTags.tag} = ${p('tag')})`
  return eq(tickets[name as 'teamId'], p(name))
}

function beyond({ tickets, ticketFields: f }: Tables, shape: Shape): SQL | undefined {
  const further = shape.sort.startsWith('-') ? lt : gt
  const number = param(tickets.number, 'afterNumber')
  if (isByField(shape)) return further(sql`(${f.value}, ${f.number})`, sql`(${p('afterValue')}, ${number})`)
  if (!shape.sort.endsWith('updated')) return further(alongField(shape) ? f.number : tickets.number, number)
  const at = param(tickets.updatedAt, 'afterAt')
  return or(further(tickets.updatedAt, at), and(eq(tickets.updatedAt, at), further(tickets.number, number)))
}
