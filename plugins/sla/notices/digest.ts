// The digest: one mail for each agent with what waits for it. An agent is done in one transaction, so a run that was
// cut short goes on with the others.
import { and, asc, count, eq, gt, inArray, isNull, lte } from 'drizzle-orm'
import { DeskError, MINUTE, type PluginTx } from 'frontdesk/plugin'
import type { App } from '../app.js'
import type { NoticeRow } from './list.js'
import { textOf } from './text.js'

/** Of one mail; the rest is counted. */
const MOST = 200
const MARK = 'digest'

/** Looked at every few minutes, so that a changed setting holds from the next look on. */
export const LOOK_EVERY = 5 * MINUTE

export async function digest(app: App, signal: AbortSignal): Promise<void> {
  if (!(await app.db.transaction((tx) => isTime(app, tx)))) return
  for (let last = ''; !signal.aborted; ) {
    const next = await nextAgent(app, last)
    if (next === undefined) break
    await app.db.transaction((tx) => mailOne(app, tx, next))
    last = next
  }
  // Cut short, it is still time at the next look.
  if (!signal.aborted) await app.db.transaction((tx) => setMark(app, tx))
}

async function isTime({ tables: { marks }, settings }: App, tx: PluginTx): Promise<boolean> {
  const [mark] = await tx.select().from(marks).where(eq(marks.name, MARK))
  return !mark || tx.now.getTime() - mark.at.getTime() >= settings().digestMinutes * MINUTE
}

async function setMark({ tables: { marks } }: App, tx: PluginTx): Promise<void> {
  const row = { name: MARK, at: tx.now }
  await tx.insert(marks).values(row).onConflictDoUpdate({ target: marks.name, set: row })
}

async function nextAgent({ db, tables: { notices: t } }: App, last: string): Promise<string | undefined> {
  const [row] = await db
    .select({ agentId: t.agentId })
    .from(t)
    .where(and(isNull(t.mailedAt), gt(t.agentId, last)))
    .orderBy(asc(t.agentId))
    .limit(1)
  return row?.agentId
}

async function mailOne(app: App, tx: PluginTx, agentId: string): Promise<void> {
  const { notices: t } = app.tables
  const waiting = and(isNull(t.mailedAt), eq(t.agentId, agentId))
  const rows = await tx.select().from(t).where(waiting).orderBy(asc(t.id)).limit(MOST)
  const [all] = await tx.select({ notices: count() }).from(t).where(waiting)
  await tx.update(t).set({ mailedAt: tx.now }).where(waiting)
  // What was read in the console needs no mail.
  const unread = rows.filter(({ readAt }) => readAt === null)
  const open = await openTimers(app, tx, unread)
  const isOpen = (one: NoticeRow) => open.has(timerOf(one))
  if (!unread.some(isOpen)) return
  const tickets = await app.desk.ticketsById(tx, [...new Set(unread.map(({ ticketId }) => ticketId))])
  const mail = textOf(unread, isOpen, tickets, Number(all?.notices ?? 0) - rows.length)
  try {
    await app.desk.mailAgent(tx, { agentId, ...mail, key: `digest ${unread.at(-1)!.id}` })
  } catch (error) {
    // There is no such agent any more.
    if (!(error instanceof DeskError)) throw error
  }
}

/** Those that nobody has answered yet, late or not. */
async function openTimers(
  { tables: { timers: t } }: App,
  tx: PluginTx,
  rows: readonly NoticeRow[],
): Promise<Set<string>> {
  const ids = [...new Set(rows.map(({ ticketId }) => ticketId))]
  if (ids.length === 0) return new Set()
  const found = await tx
    .select({ ticketId: t.ticketId, metric: t.metric, cycle: t.cycle })
    .from(t)
    .where(and(inArray(t.ticketId, ids), eq(t.open, true)))
  return new Set(found.map(timerOf))
}

const timerOf = (one: { ticketId: string; metric: string | null; cycle: number | null }) =>
  `${one.ticketId} ${one.metric} ${one.cycle}`

/** Read ones are kept for 90 days. @returns whether there may be more. */
export async function pruneSome({ tables: { notices: t } }: App, tx: PluginTx, before: Date) {
  const old = await tx
    .select({ id: t.id })
    .from(t)
    .where(lte(t.readAt, before))
    .orderBy(asc(t.readAt))
    .limit(500)
  if (old.length === 0) return false
  await tx.delete(t).where(
    inArray(
      t.id,
      old.map(({ id }) => id),
    ),
  )
  return old.length === 500
}
