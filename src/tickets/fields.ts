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

  /** @throws DeskError `field_invalid`, naming the field and what is wrong. */
  check(name: string, value: unknown): void {
    const field = this.#known.get(name)
    if (!field) throw invalid(name, 'there is no such field')
    const problem = Value.Errors(field.schema, value)[0]
    if (problem) throw invalid(name, problem.message)
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
  for (const [field, value] of Object.entries(values)) {
    if (value !== null) desk.fields.check(field, value)
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

/**
 * `hotel.room:12` of a query string.
 * @throws DeskError `field_invalid`.
 */
export function readFilter(fields: Fields, text: string): { name: string; value: string } {
  const colon = text.indexOf(':')
  const name = text.slice(0, colon)
  const field = fields.get(name)
  if (!field) throw invalid(name, 'there is no such field')
  const value = Value.Convert(field.schema, text.slice(colon + 1))
  return { name, value: storedValue(value) }
}
