// What a query string asks of the fields of plugins: a value, a range, an order.
import type { TSchema } from 'typebox'
import { fail } from '../errors.js'
import { canonicalValue, type FieldDefinition, type Fields, problemOf, storedValue } from './fields.js'
import type { FieldRange, Sort } from './list.js'

const invalid = (parameter: string, name: string, message: string) =>
  fail('field_invalid', `${name}: ${message}`, { errors: [{ field: `query/${parameter}`, message }] })

/**
 * `hotel.room:12`.
 * @throws DeskError `field_invalid`, also for a value that the field cannot have: the list would be empty without a word.
 */
export function readFilter(
  fields: Fields,
  text: string,
  parameter = 'field',
): { name: string; value: string } {
  const { name, field, value } = split(fields, text, parameter)
  const wanted = meaningOf(field, value)
  const problem = problemOf(field, wanted)
  if (problem !== undefined) throw invalid(parameter, name, PROBLEM[formatOf(field)] ?? problem)
  return { name, value: storedValue(wanted) }
}

/** What the text means for this field. `Value.Convert` would guess: 1 of `1.5`, and 0 of nothing. */
function meaningOf(field: FieldDefinition, text: string): unknown {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  const readings: unknown[] = [canonicalValue(field.schema, text)]
  if (Number.isFinite(number)) readings.push(number)
  if (text === 'true' || text === 'false') readings.push(text === 'true')
  const fitting = readings.find((one) => problemOf(field, one) === undefined)
  return fitting ?? (isText(field.schema) ? readings[0] : readings.at(-1))
}

/** `fieldFrom` and `fieldBefore`, as one range where they are of one field. @throws DeskError `field_invalid`. */
export function readRanges(
  fields: Fields,
  from: string | undefined,
  before: string | undefined,
): FieldRange[] {
  const found = new Map<string, FieldRange>()
  for (const [end, text, parameter] of [
    ['from', from, 'fieldFrom'],
    ['before', before, 'fieldBefore'],
  ] as const) {
    if (text === undefined) continue
    const { name, field, value } = split(fields, text, parameter)
    if (!isText(field.schema)) throw invalid(parameter, name, 'only text has ranges')
    const bound = canonicalValue(field.schema, value)
    checkBound(field, bound, parameter, name)
    found.set(name, { ...found.get(name), name, [end]: storedValue(bound) })
  }
  return [...found.values()]
}

/** @throws DeskError `field_invalid` for `field:hotel.room` where there is no such field, or its values have no order. */
export function readSort(fields: Fields, sort: string): Sort {
  const name = /^-?field:(.*)$/.exec(sort)?.[1]
  if (name === undefined) return sort as Sort
  const field = fields.get(name)
  if (!field) throw invalid('sort', name, 'there is no such field')
  if (!isText(field.schema)) throw invalid('sort', name, 'only text can be sorted by')
  return sort as Sort
}

const formatOf = ({ schema }: FieldDefinition) => `${(schema as { format?: unknown }).format}`

const PROBLEM: Readonly<Record<string, string>> = {
  'date-time': 'write an instant like 2026-03-03T09:00:00Z; in an address a + is written %2B',
  date: 'write a date like 2026-03-03',
}
const COMPLETE: Readonly<Record<string, string>> = {
  'date-time': '2000-01-01T00:00:00.000Z',
  date: '2000-01-01',
}

/** A range of text may begin anywhere, one of times at a time or the beginning of one: `2026-03` is the first of March. */
function checkBound(field: FieldDefinition, bound: unknown, parameter: string, name: string): void {
  const format = formatOf(field)
  const rest = COMPLETE[format]
  if (rest === undefined) return
  const text = String(bound)
  if (text.length < 4 || problemOf(field, text + rest.slice(text.length)) !== undefined)
    throw invalid(parameter, name, `${PROBLEM[format]}, or its beginning`)
}

function split(fields: Fields, text: string, parameter: string) {
  const colon = text.indexOf(':')
  const name = text.slice(0, colon)
  const field = fields.get(name)
  if (!field) throw invalid(parameter, name, 'there is no such field')
  return { name, field, value: text.slice(colon + 1) }
}

/** Values are kept as JSON, whose order is that of texts, but not that of numbers: 10 would stand before 9. */
function isText(schema: TSchema): boolean {
  const { type, anyOf, enum: values, const: only } = schema as Record<string, unknown>
  if (Array.isArray(anyOf)) return anyOf.every((one) => isText(one as TSchema))
  if (Array.isArray(values)) return values.every((one) => typeof one === 'string')
  return only === undefined ? type === 'string' : typeof only === 'string'
}
