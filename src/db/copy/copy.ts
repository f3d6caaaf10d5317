// Copies tables from one database to another, of whatever kind. A batch and the note of how far it came are one
// transaction: a copy that was killed goes on behind it.
import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../types.js'
import { keyOf, pages } from './pages.js'
import { type Progress, progressOf, saveProgress } from './progress.js'
import type { Row, Source } from './tables.js'
import { cleaned } from './values.js'

export interface Plan {
  readonly from: Source
  readonly to: Source
  /** What becomes of a row on its way. */
  readonly change?: (row: Row) => Row
}

const BATCH_ROWS = 2048
const BATCH_BYTES = 8_000_000

export async function copyTable(
  from: Db,
  to: Db,
  plan: Plan,
  tell: (rows: number) => void,
): Promise<Progress> {
  const { name } = plan.to
  let progress = await progressOf(to, name)
  if (progress.done) return progress
  let batch: Row[] = []
  let bytes = 0
  const put = async (done: boolean) => {
    const end = batch.at(-1)
    const rows = batch.map((row) => onItsWay(row, plan, to))
    progress = {
      last: end ? keyOf(plan.from, end) : progress.last,
      rows: progress.rows + rows.length,
      cleaned: progress.cleaned + rows.filter(({ changed }) => changed).length,
      done,
    }
    await to.transaction(async (tx) => {
      await insert(
        tx,
        plan.to,
        rows.map(({ row }) => row),
      )
      await saveProgress(tx, name, progress)
    })
    tell(rows.length)
    batch = []
    bytes = 0
  }
  for await (const page of pages(from, plan.from, progress.last)) {
    batch.push(...page.rows)
    bytes += page.bytes
    if (batch.length >= BATCH_ROWS || bytes >= BATCH_BYTES) await put(false)
  }
  await put(true)
  if (plan.to.serial) await countOn(from, to, plan)
  return progress
}

/** As the target gets it, and as it is expected there. */
export function onItsWay(row: Row, { change }: Plan, to: Db): { row: Row; changed: boolean } {
  const changed = change ? change(row) : row
  if (to.dialect.name !== 'postgres') return { row: changed, changed: false }
  const clean = cleaned(changed)
  return { row: clean, changed: clean !== changed }
}

/** In statements of 256, 128, 64 … rows: a few sizes, each of them prepared once. */
async function insert(tx: Tx, target: Source, rows: Row[]) {
  for (let at = 0; at < rows.length; ) {
    const size = Math.min(mostOf(target), 2 ** Math.floor(Math.log2(rows.length - at)))
    const values: Row = {}
    for (let row = 0; row < size; row++)
      for (const name of target.columns) values[`${name}_${row}`] = rows[at + row]![name]
    await tx.run(target.insert(size), values)
    at += size
  }
}

/** Both databases take 32,766 parameters at least. */
const mostOf = ({ columns }: Source): number =>
  Math.min(256, 2 ** Math.floor(Math.log2(30_000 / columns.length)))

/** Behind the last number that was ever given, also to a row that is gone: numbers are said to people. */
async function countOn(from: Db, to: Db, plan: Plan) {
  const { name, serial } = plan.to
  const column = sql.identifier(serial!)
  const [max] = await to.rows<{ max: number | string | null }>(
    sql`select max(${column}) as max from ${sql.identifier(name)}`,
  )
  const last = Math.max(Number(max?.max ?? 0), await lastNumber(from, plan.from))
  if (last < 1) return
  await to.transaction(async (tx) => {
    if (tx.dialect.name === 'postgres') {
      await tx.rows(sql`select setval(pg_get_serial_sequence(${quoted(name)}, ${serial}), ${last})`)
      return
    }
    await tx.exec(sql`delete from sqlite_sequence where name = ${name}`)
    await tx.exec(sql`insert into sqlite_sequence (name, seq) values (${name}, ${last})`)
  })
}

async function lastNumber(from: Db, { name, serial }: Source): Promise<number> {
  if (from.dialect.name === 'sqlite') {
    const [row] = await from.rows<{ seq: number }>(sql`select seq from sqlite_sequence where name = ${name}`)
    return row?.seq ?? 0
  }
  const [row] = await from.rows<{ last: number | string | null }>(
    sql`select pg_sequence_last_value(pg_get_serial_sequence(${quoted(name)}, ${serial})::regclass) as last`,
  )
  return Number(row?.last ?? 0)
}

/** `pg_get_serial_sequence` reads the name of a table as SQL does. */
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
