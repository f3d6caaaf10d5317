// What a query string asks of the fields of plugins: a value, a range, an order.
import type { TSchema } from 'typebox'
import Value from 'typebox/value'
import { fail } from '../errors.js'
import { canonicalValue, type Fields, storedValue } from './fields.js'
import type { FieldRange, Sort } from './list.js'

const invalid = (parameter: string, name: string, message: string) =>
  fail('field_invalid', `${name}: ${message}`, { errors: [{ field: `query/${parameter}`, message }] })

/**
 * `hotel.room:12`.
 * @throws DeskError `field_invalid`.
 */
export function readFilter(
  fields: Fields,
  text: string,
  parameter = 'field',
): { name: string; value: string } {
  const { name, schema, value } = split(fields, text, parameter)
  return { name, value: storedValue(canonicalValue(schema, Value.Convert(schema, value))) }
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
    const { name, schema, value } = split(fields, text, parameter)
    if (!isText(schema)) throw invalid(parameter, name, 'only text has ranges')
    const stored = storedValue(canonicalValue(schema, value))
    found.set(name, { ...found.get(name), name, [end]: stored })
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

function split(fields: Fields, text: string, parameter: string) {
  const colon = text.indexOf(':')
  const name = text.slice(0, colon)
  const field = fields.get(name)
  if (!field) throw invalid(parameter, name, 'there is no such field')
  return { name, schema: field.schema, value: text.slice(colon + 1) }
}

/** Values are kept as JSON, whose order is that of texts, but not that of numbers: 10 would stand before 9. */
function isText(schema: TSchema): boolean {
  const { type, anyOf, enum: values, const: only } = schema as Record<string, unknown>
  if (Array.isArray(anyOf)) return anyOf.every((one) => isText(one as TSchema))
  if (Array.isArray(values)) return values.every((one) => typeof one === 'string')
  return only === undefined ? type === 'string' : typeof only === 'string'
}
