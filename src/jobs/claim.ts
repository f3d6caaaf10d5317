// What is due, and who may take it: rows of the ledger become `running`, with a lease, and give up their key.
import { and, asc, eq, gt, inArray, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import { after, newId, SECOND } from '../clock.js'
import { param } from '../db/param.js'
import { type Db, prepared, preparedBySize, type Tx } from '../db/types.js'
import { unsuspected } from './crashes.js'
import type { Rates } from './rate.js'
import type { JobHandlers } from './types.js'

/** With the upkeep at a quarter of it, what a killed worker left is running again within a minute. */
export const LEASE_MS = 40 * SECOND
export const UPKEEP_MS = LEASE_MS / 4

export interface Claimed {
  id: string
  name: string
  data: unknown
  attempts: number
  createdAt: Date
  lease: string
  /** See `crashes.ts`; null for nearly all. */
  crashes: number | null
}

/** How many more of a kind may be claimed now; kinds that have none are left out of the query. */
export type Room = (name: string) => number

export interface Claim {
  room: Room
  /** Rows in all. */
  most: number
  /**
   * Whether one may be among them that ran when a worker ended. These run one at a time: otherwise all that run
   * beside the one that takes the worker down would be counted out with it.
   */
  suspects?: boolean
  /** Only what is overdue by so much, and null: only suspects. For whoever looks after what another should have rung for. */
  lateMs?: number | null
  rates?: Rates
}

/** Takes due rows, oldest first. */
export async function claim(
  db: Db,
  handlers: JobHandlers,
  { room, most, suspects = true, lateMs = 0, rates }: Claim,
): Promise<Claimed[]> {
  return db.transaction(async (tx) => {
    // What only another process knows is left to it, and must not fill the window before what can run here.
    const kinds = handlers.knownNames().filter((name) => !handlers.get(name) || room(name) > 0)
    if (kinds.length === 0) return []
    const look = async () => [
      ...(suspects ? await leastSuspect(tx, kinds) : []),
      ...(lateMs === null ? [] : await dueRows(tx, kinds, after(tx.now, -lateMs), most * 2)),
    ]
    let due = await look()
    while (await parkPaused(tx, handlers, due)) due = await look()
    const chosen = choose(due, room, most)
    return take(tx, rates ? await rates.allow(tx, handlers, chosen) : chosen)
  })
}

/**
 * Takes those of these rows that wait, are due and have a handler here; not suspects, which nobody rings for because
 * they run one at a time. At most `MOST_RUNG`.
 */
export async function claimRung(
  db: Db,
  handlers: JobHandlers,
  rung: readonly Due[],
  rates: Rates,
): Promise<Claimed[]> {
  return db.transaction(async (tx) => {
    await parkPaused(tx, handlers, rung)
    const rows = rung.filter(({ name }) => handlers.get(name))
    // A ring for a row that is gone must not use up the rate of those that are there.
    const rated = rows.some(({ name }) => handlers.get(name)!.type.rate)
    const ready = rated ? await rates.allow(tx, handlers, await waitingOf(tx, rows)) : rows
    return take(tx, ready, takeUnsuspected)
  })
}

export const MOST_RUNG = 64

export interface Due {
  id: string
  name: string
}

async function waitingOf(tx: Tx, rows: readonly Due[]): Promise<readonly Due[]> {
  const { jobs } = tx.t
  const ids = rows.map(({ id }) => id)
  const found = await tx
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(inArray(jobs.id, ids), eq(jobs.state, 'waiting'), lte(jobs.runAt, tx.now), unsuspected(tx)))
  const waiting = new Set(found.map(({ id }) => id))
  return rows.filter(({ id }) => waiting.has(id))
}

const dueRows = (tx: Tx, kinds: readonly string[], until: Date, limit: number) =>
  tx.rows<Due>(
    sql`select id, name from ${tx.t.jobs} where ${and(isDue(tx, kinds, until), unsuspected(tx))}
      order by run_at, id limit ${limit} ${tx.dialect.skipLocked}`,
  )

const leastSuspect = (tx: Tx, kinds: readonly string[]) =>
  tx.rows<Due>(
    sql`select id, name from ${tx.t.jobs} where ${and(isDue(tx, kinds, tx.now), isNotNull(tx.t.jobs.crashes))}
      order by crashes, run_at limit 1 ${tx.dialect.skipLocked}`,
  )

const isDue = ({ t: { jobs } }: Tx, kinds: readonly string[], until: Date): SQL | undefined =>
  and(eq(jobs.state, 'waiting'), lte(jobs.runAt, until), inArray(jobs.name, [...kinds]))

function choose(due: readonly Due[], room: Room, most: number): Due[] {
  const taken = new Map<string, number>()
  const chosen: Due[] = []
  for (const row of due) {
    const count = taken.get(row.name) ?? 0
    if (chosen.length >= most || count >= room(row.name)) continue
    taken.set(row.name, count + 1)
    chosen.push(row)
  }
  return chosen
}

async function parkPaused(tx: Tx, handlers: JobHandlers, due: readonly Due[]) {
  const ids = due.filter(({ name }) => !handlers.get(name)).map(({ id }) => id)
  const { jobs } = tx.t
  if (ids.length > 0)
    await tx
      .update(jobs)
      .set({ state: 'parked' })
      .where(and(inArray(jobs.id, ids), eq(jobs.state, 'waiting')))
  return ids.length > 0
}

const p = sql.placeholder

const taking = (unsuspectedOnly: boolean) =>
  preparedBySize((size) =>
    prepared<Record<string, unknown>, Omit<Claimed, 'lease'>>(
      (q, { jobs }) =>
        q
          .update(jobs)
          .set({
            state: 'running',
            key: null,
            lease: param(jobs.lease, 'lease'),
            leaseUntil: param(jobs.leaseUntil, 'until'),
            attempts: sql`${jobs.attempts} + 1`,
          })
          .where(
            and(
              inArray(
                jobs.id,
                Array.from({ length: size }, (_, index) => p(`id${index}`)),
              ),
              // Not a bare column: SQLite would go through all that is due, instead of these rows by their ids.
              sql`${jobs.state} || '' = 'waiting'`,
              lte(jobs.runAt, param(jobs.runAt, 'now')),
              unsuspectedOnly ? isNull(jobs.crashes) : undefined,
            ),
          )
          .returning({
            id: jobs.id,
            name: jobs.name,
            data: jobs.data,
            attempts: jobs.attempts,
            createdAt: jobs.createdAt,
            crashes: jobs.crashes,
          }) as never,
    ),
  )

const takeAny = taking(false)
const takeUnsuspected = taking(true)

/** In the order given. */
async function take(tx: Tx, rows: readonly Due[], takeRows = takeAny): Promise<Claimed[]> {
  if (rows.length === 0) return []
  const lease = newId()
  const ids = Object.fromEntries(rows.map(({ id }, index) => [`id${index}`, id]))
  const taken = await tx.run(takeRows(rows.length), {
    ...ids,
    ...{ lease, until: after(tx.now, LEASE_MS), now: tx.now },
  })
  const order = new Map(rows.map(({ id }, index) => [id, index]))
  return taken.map((row) => ({ ...row, lease })).sort((a, b) => order.get(a.id)! - order.get(b.id)!)
}

/**
 * Whether something is due that a claim passed by, because another worker looked at it at that moment: that one may
 * have no slot for it, and nothing rings a second time.
 */
export async function wasPassedBy(
  db: Db,
  handlers: JobHandlers,
  { room, lateMs = 0 }: Pick<Claim, 'room' | 'lateMs'>,
): Promise<boolean> {
  if (db.dialect.oneWriter || lateMs === null) return false
  return db.transaction(async (tx) => {
    const kinds = handlers.knownNames().filter((name) => room(name) > 0)
    if (kinds.length === 0) return false
    const until = after(tx.now, -lateMs)
    const { jobs } = tx.t
    const found = await tx
      .select({ id: jobs.id })
      .from(jobs)
      .where(and(isDue(tx, kinds, until), unsuspected(tx)))
      .limit(1)
    return found.length > 0
  })
}

/**
 * When a row will be due of those that were not at `since`. What was due then and could not be claimed is claimed
 * when there is room: nothing has to ring for it.
 */
export async function nextDue(db: Db, since: Date): Promise<Date | null> {
  const [row] = await db.run(firstAfter, { since })
  return row?.at ?? null
}

const firstAfter = prepared<{ since: Date }, { at: Date }>(
  (q, { jobs }) =>
    q
      .select({ at: jobs.runAt })
      .from(jobs)
      .where(and(eq(jobs.state, 'waiting'), gt(jobs.runAt, param(jobs.runAt, 'since'))))
      .orderBy(asc(jobs.runAt))
      .limit(1) as never,
)
