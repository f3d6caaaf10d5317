// What an agent was told: unread first and newest first, then what was read, the last read first.
import { and, desc, eq, inArray, isNotNull, isNull, lt, lte, or } from 'drizzle-orm'
import { fail, type PluginTx } from 'frontdesk/plugin'
import type { App } from '../app.js'

export type NoticeRow = App['tables']['notices']['$inferSelect']

/** The last one of a page: read at (null: unread), and id. */
type Position = readonly [readAt: number | null, id: string]

export async function noticesPage(app: App, agentId: string, limit: number, cursor?: string) {
  const after = cursor === undefined ? undefined : readCursor(cursor)
  const rows = after && after[0] !== null ? [] : await unread(app, agentId, limit + 1, after)
  if (rows.length <= limit)
    rows.push(...(await read(app, agentId, limit + 1 - rows.length, after?.[0] == null ? undefined : after)))
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? cursorOf(last) : null }
}

function unread({ db, tables: { notices: t } }: App, agentId: string, limit: number, after?: Position) {
  return db
    .select()
    .from(t)
    .where(and(eq(t.agentId, agentId), isNull(t.readAt), after && lt(t.id, after[1])))
    .orderBy(desc(t.id))
    .limit(limit)
}

function read({ db, tables: { notices: t } }: App, agentId: string, limit: number, after?: Position) {
  const at = new Date(after?.[0] ?? 0)
  const beyond = after && and(lte(t.readAt, at), or(lt(t.readAt, at), lt(t.id, after[1])))
  return db
    .select()
    .from(t)
    .where(and(eq(t.agentId, agentId), isNotNull(t.readAt), beyond))
    .orderBy(desc(t.readAt), desc(t.id))
    .limit(limit)
}

/** Those of others and those that were read already are passed over. @returns how many there were. */
export async function markRead(
  { tables: { notices: t } }: App,
  tx: PluginTx,
  agentId: string,
  which: { ids?: string[]; all?: boolean },
): Promise<number> {
  const ids = which.all ? undefined : inArray(t.id, which.ids ?? [])
  const marked = await tx
    .update(t)
    .set({ readAt: tx.now })
    .where(and(eq(t.agentId, agentId), isNull(t.readAt), ids))
    .returning({ id: t.id })
  return marked.length
}

const cursorOf = ({ readAt, id }: NoticeRow): string =>
  Buffer.from(JSON.stringify([readAt?.getTime() ?? null, id])).toString('base64url')

function readCursor(cursor: string): Position {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    const fits = at === null || (Number.isSafeInteger(at) && Math.abs(at as number) < 2 ** 47)
    if (fits && typeof id === 'string') return [at as number | null, id]
  } catch {
    // Not one of ours: refused below.
  }
  throw fail('invalid_cursor')
}
