// Lists of tickets: filters, sort, keyset pages.
import type { Reader } from '../db/types.js'
import type { Principal } from '../people/principal.js'
import { makeCursor, readCursor } from './list-cursor.js'
import { type Shape, statementFor, type TicketRow } from './list-statement.js'
import { canonicalTag } from './tags.js'
import { endOfPrefix, wordsOf } from './words.js'

export type Sort = '-created' | 'created' | '-updated' | 'updated' | `field:${string}` | `-field:${string}`

/** Values of fields of plugins, in their stored form: `from` ≤ value < `before`. */
export interface FieldRange {
  name: string
  from?: string
  before?: string
}

export interface TicketQuery {
  status?: string[]
  priority?: string
  /** `none`: nobody's. */
  assigneeId?: string
  teamId?: string
  inboxId?: string
  requesterId?: string
  tag?: string
  /** Fields of plugins, and the values in their stored form: all of them. */
  fields?: readonly { name: string; value: string }[]
  ranges?: readonly FieldRange[]
  updatedSince?: Date
  /** Words of the subject; each may be the beginning of one. */
  subject?: string
  sort?: Sort
  cursor?: string
  limit?: number
}

const MOST_WORDS = 5
const simple = ['priority', 'assigneeId', 'teamId', 'inboxId', 'requesterId', 'updatedSince', 'tag'] as const

export async function listTickets(
  r: Reader,
  who: Pick<Principal, 'inboxIds' | 'teamIds'>,
  query: TicketQuery,
): Promise<{ items: TicketRow[]; nextCursor: string | null }> {
  const sort = query.sort ?? '-created'
  const limit = query.limit ?? 50
  const { shape, params } = shapeOf(query, sort, who)
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, sort)
  const rows = await r.run(statementFor({ ...shape, after: after !== undefined }), {
    ...params,
    ...after,
    limit: limit + 1,
  })
  const items = rows.length > limit ? rows.slice(0, limit) : rows
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? makeCursor(sort, last) : null }
}

/** What makes a statement of its own, and what is only a value in it. */
function shapeOf(query: TicketQuery, sort: Sort, who: Shape['who']) {
  const params: Record<string, unknown> = {}
  const given = simple.filter((name) => query[name] !== undefined)
  for (const name of given) params[name] = query[name]
  if (query.tag !== undefined) params.tag = canonicalTag(query.tag)
  const statuses = [...new Set(query.status ?? [])]
  const words = query.subject === undefined ? [] : wordsOf(query.subject).slice(0, MOST_WORDS)
  const { fields = [], ranges = [] } = query
  const sorted = /^-?field:(.*)$/.exec(sort)?.[1]
  if (sorted !== undefined) params.sortField = sorted
  number('status', statuses)
  number('word', words)
  number('wordEnd', words.map(endOfPrefix))
  number(
    'field',
    fields.map(({ name }) => name),
  )
  number(
    'fieldValue',
    fields.map(({ value }) => value),
  )
  for (const part of ['name', 'from', 'before'] as const)
    number(
      `range_${part}`,
      ranges.map((range) => range[part]),
    )
  const shape: Omit<Shape, 'after'> = {
    simple: given.map((name) => (name === 'assigneeId' && query.assigneeId === 'none' ? 'unassigned' : name)),
    statuses: statuses.length,
    words: words.length,
    fields: fields.length,
    ranges: ranges.map(({ name, from, before }) => ({
      from: from !== undefined,
      before: before !== undefined,
      sorted: name === sorted,
    })),
    sort: sorted === undefined ? (sort as Shape['sort']) : sort.startsWith('-') ? '-field' : 'field',
    who,
  }
  return { shape, params }

  function number(name: string, values: readonly unknown[]) {
    values.forEach((value, index) => {
      if (value !== undefined) params[`${name}${index}`] = value
    })
  }
}
