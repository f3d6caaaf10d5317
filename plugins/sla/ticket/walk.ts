// Many tickets, one after the other: when a calendar or a policy has changed, or the plugin was away. In small
// transactions with a rest after each, so that the desk goes on working meanwhile.
import { setImmediate, setTimeout } from 'node:timers/promises'
import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { PluginTx, TicketView } from 'frontdesk/plugin'
import { type Parts, plan } from './plan.js'

export type Walk =
  /** A calendar has a new version: timers that run on it. */
  | { readonly kind: 'calendar'; readonly id: string }
  /** A policy was switched off, or has another name: tickets that are under it. */
  | { readonly kind: 'policy'; readonly id: string }
  /** The policies of a revision are applied anew to all tickets. */
  | { readonly kind: 'reapply'; readonly id: string; readonly revision: number; readonly at: number }
  /** The plugin was off: every ticket that is not closed, and those on which something happened meanwhile. */
  | { readonly kind: 'return'; readonly id: string; readonly since: number }

type Data = Walk & { readonly cursor: string }

/** Of one transaction. */
const MOST = 32
/** Of one step in it, which takes a few milliseconds. */
const FEW = 4
/** Of those that are only looked at: most tickets of an old desk are closed. */
const PAGE = 200
/** One run of the job; then others of its kind have their turn. */
const RUN_MS = 5_000
/** Milliseconds of rest for each millisecond of work. */
const REST = 0.2

export interface Walker {
  begin(tx: PluginTx, walk: Walk): Promise<void>
}

export function walker(parts: Parts): Walker {
  const { app } = parts
  const job = app.job<Data>('walk', {
    concurrency: 1,
    async run({ data, signal, complete }) {
      const until = performance.now() + RUN_MS
      let { cursor } = data
      while (performance.now() < until && !signal.aborted) {
        const begun = performance.now()
        const last = await app.db.transaction((tx) => portion(parts, tx, { ...data, cursor }))
        if (last === undefined) return
        cursor = last
        await setTimeout((performance.now() - begun) * REST)
      }
      await app.db.transaction(async (tx) => {
        // Without the key: a newer change may wait under it already, and has to begin with the first ticket.
        await job.schedule(tx, { ...data, cursor })
        await complete(tx)
      })
    },
  })
  return { begin: (tx, walk) => job.schedule(tx, { ...walk, cursor: '' }, { key: keyOf(walk) }) }
}

const keyOf = ({ kind, id }: Walk) => `${kind}:${id}`

/**
 * Few at a time, and some more as long as nobody else wants to write: a commit each would take as long as they do.
 * @returns the last ticket that was looked at; undefined: there are no more.
 */
async function portion(parts: Parts, tx: PluginTx, data: Data): Promise<string | undefined> {
  let cursor: string | undefined = data.cursor
  for (let looked = 0; looked < MOST && cursor !== undefined; looked += FEW) {
    cursor = await few(parts, tx, { ...data, cursor })
    if (parts.app.db.queued?.()) break
    await setImmediate()
  }
  return cursor
}

async function few(parts: Parts, tx: PluginTx, data: Data): Promise<string | undefined> {
  const { ids, last } =
    data.kind === 'reapply' || data.kind === 'return'
      ? await everyTicket(parts, tx, data)
      : await bound(parts, tx, data)
  if (ids.length > 0) await plan(parts, tx, ids, setImmediate)
  return last
}

interface Portion {
  readonly ids: readonly string[]
  /** Where the next one goes on; undefined: there is none. */
  readonly last: string | undefined
}

async function bound(
  parts: Parts,
  tx: PluginTx,
  data: Extract<Data, { kind: 'calendar' | 'policy' }>,
): Promise<Portion> {
  const { tickets } = parts.app.tables
  const rows =
    data.kind === 'calendar'
      ? await tx.run(parts.queries.onCalendar, { id: data.id, after: data.cursor, limit: FEW })
      : await tx
          .select({ ticketId: tickets.ticketId })
          .from(tickets)
          .where(
            and(eq(tickets.policyId, data.id), eq(tickets.open, true), gt(tickets.ticketId, data.cursor)),
          )
          .orderBy(asc(tickets.ticketId))
          .limit(FEW)
  const ids = rows.map(({ ticketId }) => ticketId)
  return { ids, last: ids.at(-1) }
}

/** Also those that were never bound: they were there before the plugin, or came while it was off. */
async function everyTicket(
  parts: Parts,
  tx: PluginTx,
  data: Extract<Data, { kind: 'reapply' | 'return' }>,
): Promise<Portion> {
  const { app, books } = parts
  const page = await app.desk.tickets(tx, { limit: PAGE, ...(data.cursor !== '' && { after: data.cursor }) })
  const wanted = page.filter(
    ({ status, updatedAt }) =>
      status !== 'closed' || (data.kind === 'return' && updatedAt.getTime() >= data.since),
  )
  const some = wanted.slice(0, FEW)
  if (data.kind === 'reapply') await bindAll(parts, tx, some, () => data)
  else {
    const all = await books.since(tx, 0)
    const missed = some.filter(({ createdAt }) => createdAt.getTime() >= data.since)
    await bindAll(parts, tx, missed, ({ createdAt }) => {
      const at = createdAt.getTime()
      return { at, revision: all.findLast((book) => book.at <= at)?.revision ?? 0 }
    })
  }
  return { ids: some.map(({ id }) => id), last: (wanted.length > FEW ? some : page).at(-1)?.id }
}

/** Binds them where they are not bound; applied anew, also where they are. */
async function bindAll(
  { app }: Parts,
  tx: PluginTx,
  found: readonly TicketView[],
  to: (ticket: TicketView) => { readonly kind?: string; readonly revision: number; readonly at: number },
): Promise<void> {
  if (found.length === 0) return
  const { tickets } = app.tables
  const rows = found.map((ticket) => ({
    ticketId: ticket.id,
    number: ticket.number,
    revision: to(ticket).revision,
    boundAt: new Date(to(ticket).at),
    seq: 0,
    policyId: null,
    open: true,
  }))
  const insert = tx.insert(tickets).values(rows)
  if (to(found[0]!).kind !== 'reapply') await insert.onConflictDoNothing()
  else
    await insert.onConflictDoUpdate({
      target: tickets.ticketId,
      set: { revision: sql`excluded.revision`, boundAt: sql`excluded.bound_at` },
    })
}
