// A query that drizzle has built, as a statement of the driver: what drizzle finds out again at every run (which
// parameter is a placeholder, which column needs decoding) is found out once. That costs more than most statements.
import type { Statement as DriverStatement } from 'better-sqlite3'
import { Column, is, Param, Placeholder } from 'drizzle-orm'
import type { Preparable, Statement } from './handle.js'

/** What a prepared query of drizzle's better-sqlite3 driver knows of itself; `fields`: none without rows. */
interface Known {
  readonly stmt: DriverStatement
  readonly query: { readonly sql: string; readonly params: readonly unknown[] }
  readonly fields?: Fields
  execute(params: unknown): { sync(): unknown[] }
}

export type Fields = readonly { readonly path: readonly string[]; readonly field: unknown }[]

type Params = Record<string, unknown>
type Bind = (given: Params) => unknown
type Read = (row: readonly unknown[]) => Record<string, unknown>

export function compile(built: Preparable): Statement {
  const known = built.prepare() as Known
  const values = bindsOf(known.query.params)
  const read = known.fields && readOf(known.fields)
  // A join, or an expression among the columns: drizzle's own way.
  if (read === null) return (params) => known.execute(params).sync()
  const { stmt } = known
  if (!read)
    return (given) => {
      stmt.run(values(given))
      return []
    }
  stmt.raw(true)
  return (given) => (stmt.all(values(given)) as unknown[][]).map(read)
}

/** The values of a run, in the order of the parameters. */
export function bindsOf(params: readonly unknown[]): (given: unknown) => unknown[] {
  const binds = params.map(bindOf)
  return (given) => binds.map((bind) => bind(given as Params))
}

function bindOf(param: unknown): Bind {
  if (is(param, Placeholder)) return from(param.name)
  if (is(param, Param) && is(param.value, Placeholder)) {
    const { encoder } = param
    const value = from(param.value.name)
    // A column need not know NULL: that of booleans would make it false.
    return (given) => {
      const one = value(given)
      return one === null ? null : encoder.mapToDriverValue(one)
    }
  }
  return () => param
}

const from =
  (name: string): Bind =>
  (given) => {
    const value = given[name]
    if (value === undefined) throw new Error(`no value for "${name}" of a prepared query`)
    return value
  }

/** Null: a shape that is not plain columns. */
export function readOf(fields: Fields): Read | null {
  const columns: { name: string; decode: ((value: unknown) => unknown) | null }[] = []
  for (const { path, field } of fields) {
    const [name, ...more] = path
    if (name === undefined || more.length > 0 || !is(field, Column)) return null
    const plain = field.mapFromDriverValue === Column.prototype.mapFromDriverValue
    columns.push({ name, decode: plain ? null : (value) => field.mapFromDriverValue(value) })
  }
  return (row) => {
    const object: Record<string, unknown> = {}
    for (let at = 0; at < columns.length; at++) {
      const { name, decode } = columns[at]!
      const value = row[at]
      object[name] = decode && value !== null ? decode(value) : value
    }
    return object
  }
}
