// How far a copy is, in a table of its target. It goes along with each batch, so a copy that was killed goes on where
// the last one was committed; the table is dropped when source and target are the same.
import { sql } from 'drizzle-orm'
import { tablesThere } from '../there.js'
import type { Db, Reader, Tx } from '../types.js'
import { CopyError } from './errors.js'

const TABLE = 'db_copy'
const SOURCE = ''

export interface Progress {
  /** Key of the last row that is there; null: none is. */
  last: readonly unknown[] | null
  rows: number
  /** Rows with characters that PostgreSQL cannot store. */
  cleaned: number
  done: boolean
}

/** @returns whether it goes on with one that was begun before. */
export async function beginCopy(to: Db, source: string): Promise<boolean> {
  return to.transaction(async (tx) => {
    const there = await tablesThere(tx)
    if (!there.has(TABLE)) {
      if (there.size > 0)
        throw new CopyError(
          `the target is not empty (${[...there].slice(0, 3).join(', ')} …): nothing is ever overwritten; give an empty database`,
        )
      await tx.exec(sql`create table db_copy (name text primary key, state text not null)`)
      await tx.exec(sql`insert into db_copy (name, state) values (${SOURCE}, ${source})`)
      return false
    }
    const [row] = await tx.rows<{ state: string }>(sql`select state from db_copy where name = ${SOURCE}`)
    if (row?.state !== source)
      throw new CopyError('the target was begun as the copy of another desk: give an empty database')
    return true
  })
}

export async function progressOf(r: Reader, name: string): Promise<Progress> {
  const [row] = await r.rows<{ state: string }>(sql`select state from db_copy where name = ${name}`)
  if (!row) return { last: null, rows: 0, cleaned: 0, done: false }
  const state = JSON.parse(row.state) as Progress
  return { ...state, last: state.last?.map(fromJson) ?? null }
}

export async function saveProgress(tx: Tx, name: string, progress: Progress): Promise<void> {
  const state = JSON.stringify({ ...progress, last: progress.last?.map(toJson) ?? null })
  await tx.exec(
    sql`insert into db_copy (name, state) values (${name}, ${state})
        on conflict (name) do update set state = excluded.state`,
  )
}

export const endCopy = (to: Db): Promise<void> => to.transaction((tx) => tx.exec(sql`drop table db_copy`))

/** A desk must not work on half of its data. */
export async function mustBeWhole(r: Reader): Promise<void> {
  if ((await tablesThere(r)).has(TABLE))
    throw new CopyError(
      'this database is the target of a copy that did not come to its end: run "frontdesk db copy" again, or give an empty one',
    )
}

// An instant may be a part of a key.
const toJson = (value: unknown) => (value instanceof Date ? { at: value.getTime() } : value)
const fromJson = (value: unknown) =>
  typeof value === 'object' && value !== null ? new Date((value as { at: number }).at) : value
