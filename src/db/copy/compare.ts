// Whether two databases hold the same: rows are counted and summed up, on both sides in the same way, over values in
// one form.
import type { Db } from '../types.js'
import { onItsWay, type Plan } from './copy.js'
import { pages } from './pages.js'
import type { Row, Source } from './tables.js'
import { canonical, createSum } from './values.js'

export interface Counted {
  rows: number
  sum: string
}

export interface Comparison {
  name: string
  from: Counted
  to: Counted
  same: boolean
}

export async function compareTable(from: Db, to: Db, plan: Plan): Promise<Comparison> {
  const [source, target] = await Promise.all([
    count(from, plan.from, (row) => onItsWay(row, plan, to).row),
    count(to, plan.to, (row) => row),
  ])
  const same = source.rows === target.rows && source.sum === target.sum
  return { name: plan.to.name, from: source, to: target, same }
}

async function count(db: Db, source: Source, expected: (row: Row) => Row): Promise<Counted> {
  const sum = createSum()
  let counted = 0
  for await (const { rows } of pages(db, source)) {
    for (const row of rows) sum.add(canonical(source.columns, expected(row)))
    counted += rows.length
  }
  return { rows: counted, sum: sum.value() }
}
