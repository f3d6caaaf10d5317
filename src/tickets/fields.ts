// Typed ticket fields that plugins bring: kept beside the ticket, validated, filterable in lists.
import { inArray, sql } from 'drizzle-orm'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import Value from 'typebox/value'
import { batches, paramsOf } from '../db/batches.js'
import { prepared, preparedBySize, type Reader } from '../db/types.js'
import { fail } from '../errors.js'
import { problemsOf } from '../schema.js'
import type { Actor } from './desk.js'

/** A value is text, a number or a boolean: something that a list can be filtered by. */
export interface FieldDefinition {
  readonly schema: TSchema
  readonly description: string
  /**
   * For what is computed: only the plugin itself writes it, and whoever else sets it gets `field_read_only`. Default:
   * whoever may change tickets may set it.
   */
  readonly readOnly?: boolean
}

/** The fields of this desk, by full name (`hotel.room`). */
export class Fields {
  readonly #known = new Map<string, FieldDefinition>()
  /** Compiled at the first value of each. */
  readonly #fits = new Map<string, Validator>()

  add(name: string, definition: FieldDefinition): void {
    this.#known.set(name, definition)
  }

  all = () =>
    [...this.#known].map(([name, { schema, description, readOnly = false }]) => ({
      ...{ name, schema, description, readOnly },
    }))

  get = (name: string) => this.#known.get(name)

  get size(): number {
    return this.#known.size
  }

  /** @returns the value as it is kept. @throws DeskError `field_invalid`, naming the field and what is wrong. */
  check(name: string, given: unknown): unknown {
    const field = this.#known.get(name)
    if (!field) throw invalid(name, 'there is no such field')
    const value = canonicalValue(field.schema, given)
    if (!this.#validator(name, field).Check(value))
      throw invalid(name, problemOf(field, value) ?? 'does not fit')
    if (Buffer.byteLength(storedValue(value)) > MOST_BYTES)
      throw invalid(name, `must have at most ${MOST_BYTES} bytes`)
    return value
  }

  #validator(name: string, { schema }: FieldDefinition): Validator {
    const known = this.#fits.get(name) ?? (Compile(schema) as Validator)
    this.#fits.set(name, known)
    return known
  }

  /** @throws DeskError `field_read_only`, where another plugin, or a person, sets what one plugin computes. */
  checkWriter(name: string, { kind, id }: Actor): void {
    const plugin = name.slice(0, name.indexOf('.'))
    if (!this.#known.get(name)?.readOnly || (kind === 'system' && id === `plugin:${plugin}`)) return
    const message = `is computed by the plugin "${plugin}" and cannot be set; leave it out`
    throw fail('field_read_only', `${name} ${message}.`, { errors: [{ field: `body/${name}`, message }] })
  }
}

/** Why the field cannot have this value; undefined: it can. */
export const problemOf = ({ schema }: Pick<FieldDefinition, 'schema'>, value: unknown): string | undefined =>
  problemsOf(schema, value)[0]?.message

const invalid = (name: string, message: string) =>
  fail('field_invalid', `${name}: ${message}`, { errors: [{ field: `body/${name}`, message }] })

export type FieldValue = string | number | boolean

const ofTickets = preparedBySize((size) =>
  prepared<Record<string, unknown>, Reader['t']['ticketFields']['$inferSelect']>(
    (q, { ticketFields: f }) =>
      q
        .select()
        .from(f)
        .where(
          inArray(
            f.ticketId,
            Array.from({ length: size }, (_, index) => sql.placeholder(`id${index}`)),
          ),
        ) as never,
  ),
)

/** Name -> value of the fields that the ticket has. */
export async function readFields(r: Reader, ticketId: string): Promise<Record<string, FieldValue>> {
  return (await readFieldsOf(r, [ticketId])).get(ticketId) ?? {}
}

export async function readFieldsOf(r: Reader, ticketIds: readonly string[]) {
  const found = new Map<string, Record<string, FieldValue>>()
  for (const some of batches(ticketIds))
    for (const { ticketId, field, value } of await r.run(
      ofTickets(some.length),
      paramsOf(some.map((id) => ({ id }))),
    )) {
      const values = found.get(ticketId) ?? {}
      values[field] = JSON.parse(value) as FieldValue
      found.set(ticketId, values)
    }
  return found
}

/** The form in which a value is stored and compared. */
export const storedValue = (value: unknown): string => JSON.stringify(value)

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i

/**
 * Instants are kept in UTC with milliseconds, so that their order as text is that in time: those of the format
 * `date-time`, and what only fits in that form.
 */
export function canonicalValue(schema: TSchema, value: unknown): unknown {
  if (typeof value !== 'string' || !INSTANT.test(value)) return value
  const at = new Date(value.toUpperCase())
  if (Number.isNaN(at.getTime())) return value
  const iso = at.toISOString()
  const isInstant = (schema as { format?: string }).format === 'date-time'
  return isInstant || (!Value.Check(schema, value) && Value.Check(schema, iso)) ? iso : value
}

/** A longer one does not fit into an index of PostgreSQL. */
const MOST_BYTES = 2000
