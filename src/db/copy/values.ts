// Values as both databases can hold them, and in one form that does not depend on the database.
import { createHash } from 'node:crypto'

const HALVES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\0/g

/** Without NUL and halves of surrogate pairs, which PostgreSQL refuses; the same object where there are none. */
export function cleaned<T>(value: T): T {
  if (typeof value === 'string') return value.replace(HALVES, '\ufffd') as T
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) {
    const items = value.map(cleaned)
    return (items.every((item, at) => item === value[at]) ? value : items) as T
  }
  const entries = Object.entries(value).map(([name, inner]) => [cleaned(name), cleaned(inner)] as const)
  const same = entries.every(([name, inner]) => (value as Record<string, unknown>)[name] === inner)
  return (same ? value : Object.fromEntries(entries)) as T
}

/** The values of a row as text: instants as milliseconds, the names in an object in one order. */
export const canonical = (columns: readonly string[], row: Record<string, unknown>): string =>
  JSON.stringify(columns.map((name) => ordered(row[name])))

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value.getTime()
  if (Array.isArray(value)) return value.map(ordered)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, inner]) => [name, ordered(inner)]))
}

/** A sum over rows in whatever order: databases sort texts in different ways. */
export function createSum() {
  let sum = 0n
  return {
    add(text: string) {
      const hash = createHash('sha256').update(text).digest()
      sum = BigInt.asUintN(128, sum + ((hash.readBigUInt64BE(0) << 64n) | hash.readBigUInt64BE(8)))
    },
    value: () => sum.toString(16).padStart(32, '0'),
  }
}
