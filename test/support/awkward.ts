// Rows with values that databases treat in different ways, for every table there is.
import { getTableColumns, type Table } from 'drizzle-orm'
import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core'
import { newId } from '../../src/clock.js'
import type { Tx } from '../../src/db/types.js'

const TEXTS = [
  '',
  ' ',
  'plain',
  "it's \"quoted\" \\ and \\n 'so' on; drop table tickets; --",
  'emoji 👩‍👩‍👧 🇪🇺, Ünïcode, עברית, 中文',
  'lines\r\nand\ttabs\u0001\u007f\u2028',
  '{"not":"json"}',
  'null',
  'NaN',
  '\\x00 \\u0000 %s $1 ? :name',
  'é', // composed
  'e\u0301', // and not
]
const LONG = 'a long text, ünd 🙂 so on. '.repeat(2500)
const INTS = [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
const REALS = [0, 0.1, -1 / 3, 1e300, -1e-300, 5e-324, 123456789.12345679, 2 ** 60]
const INSTANTS = [0, 1, -1, 999, -62_000_000_000_000, 1_772_528_400_123, 253_402_300_799_999]
const JSONS = [
  {},
  [],
  [[], [[null]]],
  { z: 1, a: { c: null, b: [true, false, 'ü🙂', -0.5, 1e21, 1e-7] }, '': '', __x: '"' },
  { '10': 1, '9': 2, nested: { '2': [], '1': {} } },
  ['text', 0, -1, 1.5, Number.MAX_SAFE_INTEGER],
  { long: 'x'.repeat(70_000) },
]

const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!

/** @param more values that this table needs; a column that is not in it gets what its kind can hold. */
export async function fillTable(
  tx: Tx,
  table: Table,
  count: number,
  more: (row: number) => Record<string, unknown> = () => ({}),
): Promise<void> {
  const { indexes, primaryKeys, columns } = getTableConfig(table as SQLiteTable)
  const indexed = new Set([
    ...indexes.flatMap((index) => index.config.columns.map((column) => (column as { name: string }).name)),
    ...primaryKeys.flatMap((key) => key.columns.map(({ name }) => name)),
    ...columns.filter(({ isUnique, primary }) => isUnique || primary).map(({ name }) => name),
  ])
  for (let row = 0; row < count; row++) {
    const values: Record<string, unknown> = {}
    let at = row
    for (const [name, column] of Object.entries(getTableColumns(table))) {
      at++
      const serial = (column as unknown as { autoIncrement?: boolean }).autoIncrement
      if (serial) values[name] = row * 3 + 1
      else if (!column.notNull && (row + at) % 3 === 0) values[name] = null
      else values[name] = valueFor(column, at, indexed.has(column.name))
    }
    await tx.insert(table as SQLiteTable).values({ ...values, ...more(row) } as never)
  }
}

function valueFor(column: Table['_']['columns'][string], at: number, indexed: boolean): unknown {
  const { dataType, columnType } = column as unknown as { dataType: string; columnType: string }
  if (dataType === 'boolean') return at % 2 === 0
  if (columnType === 'SQLiteReal') return pick(REALS, at)
  if (dataType === 'number') return pick(INTS, at)
  if (dataType === 'custom')
    return column.getSQLType() === 'integer' ? new Date(pick(INSTANTS, at)) : pick(JSONS, at)
  // An index of PostgreSQL holds at most 2,700 bytes of a row.
  if (indexed) return `${pick(TEXTS, at)}${newId()}${at % 7 === 0 ? 'long'.repeat(150) : ''}`
  return at % 11 === 0 ? LONG : pick(TEXTS, at)
}
