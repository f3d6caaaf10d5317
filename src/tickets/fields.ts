// Typed ticket fields that plugins bring: kept beside the ticket, validated, filterable in lists.
import { and, eq, inArray } from 'drizzle-orm'
import type { TSchema } from 'typebox'
import Value from 'typebox/value'
import type { Reader, Tx } from '../db/types.js'
import { fail } from '../errors.js'
import type { Actor, Desk } from './desk.js'
import { lockById } from './lock.js'
import { record } from './timeline.js'
import { ticketUpdated } from './tokens.js'

/** A value is text, a number or a boolean: something that a list can be filtered by. */
export interface FieldDefinition {
  readonly schema: TSchema
  readonly description: string
}

/** The fields of this desk, by full name (`hotel.room`). */
export class Fields {
  readonly #known = new Map<string, FieldDefinition>()

  add(name: string, definition: FieldDefinition): void {
    this.#known.set(name, definition)
  }

  all = () => [...this.#known].map(([name, { schema, description }]) => ({ name, schema, description }))

  get = (name: string) => this.#known.get(name)

  get size(): number {
    return this.#known.size
  }

  /** @returns the value as it is kept. @throws DeskError `field_invalid`, naming the field and what is wrong. */
  check(name: string, given: unknown): unknown {
    const field = this.#known.get(name)
    if (!field) throw invalid(name, 'there is no such field')
    const value = canonicalValue(field.schema, given)
    const problem = Value.Errors(field.schema, value)[0]
    if (problem) throw invalid(name, problem.message)
    if (Buffer.byteLength(storedValue(value)) > MOST_BYTES)
      throw invalid(name, `must have at most ${MOST_BYTES} bytes`)
    return value
  }
}

const invalid = (name: string, message: string) =>
  fail('field_invalid', `${name}: ${message}`, { errors: [{ field: `body/fields/${name}`, message }] })

export type FieldValue = string | number | boolean

/** Name -> value of the fields that the ticket has. */
export async function readFields(r: Reader, ticketId: string): Promise<Record<string, FieldValue>> {
  return (await readFieldsOf(r, [ticketId])).get(ticketId) ?? {}
}

export async function readFieldsOf(r: Reader, ticketIds: readonly string[]) {
  const { ticketFields: f } = r.t
  const found = new Map<string, Record<string, FieldValue>>()
  if (ticketIds.length === 0) return found
  const rows = await r
    .select()
    .from(f)
    .where(inArray(f.ticketId, [...ticketIds]))
  for (const { ticketId, field, value } of rows)
    found.set(ticketId, { ...found.get(ticketId), [field]: JSON.parse(value) as FieldValue })
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

/**
 * Writes what differs, each with its line in the timeline; null takes a value away.
 * @throws DeskError `field_invalid`.
 */
export async function setFields(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  ticket: { id: string; number: number },
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  await lockById(tx, ticket.id)
  const before = await readFields(tx, ticket.id)
  const { ticketFields: f } = tx.t
  const changes: Record<string, readonly [unknown, unknown]> = {}
  for (const [field, given] of Object.entries(values)) {
    const value = given === null ? null : desk.fields.check(field, given)
    const from = Object.hasOwn(before, field) ? before[field] : null
    if (storedValue(from) === storedValue(value)) continue
    changes[field] = [from, value]
    if (value === null) await tx.delete(f).where(and(eq(f.ticketId, ticket.id), eq(f.field, field)))
    else {
      const row = { value: storedValue(value), number: ticket.number }
      await tx
        .insert(f)
        .values({ ticketId: ticket.id, field, ...row })
        .onConflictDoUpdate({ target: [f.ticketId, f.field], set: row })
    }
  }
  if (Object.keys(changes).length === 0) return
  await record(tx, { ticketId: ticket.id, type: 'changed', actor, data: changes })
  await desk.hooks.emit(tx, ticketUpdated, { ticketId: ticket.id, changes })
}
