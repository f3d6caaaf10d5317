// Writing ticket fields: of one ticket or of many, in statements that are as few as their rows allow. What does not
// differ leaves no trace: no row, no line in the timeline, no event.
import { and, eq, inArray, sql } from 'drizzle-orm'
import { batches, paramsOf } from '../db/batches.js'
import { prepared, preparedBySize, type Tx } from '../db/types.js'
import type { Actor, Desk } from './desk.js'
import { readFieldsOf, storedValue } from './fields.js'
import { lockById, lockMany } from './lock.js'
import { recordAll } from './timeline.js'
import { type Change, ticketUpdated } from './tokens.js'

type Values = Readonly<Record<string, unknown>>
interface Numbered {
  id: string
  number: number
}

const p = sql.placeholder
const many = (size: number, name: string) => Array.from({ length: size }, (_, index) => p(`${name}${index}`))

const upsert = preparedBySize((size) =>
  prepared<Record<string, unknown>, never>(
    (q, { ticketFields: f }) =>
      q
        .insert(f)
        .values(
          Array.from({ length: size }, (_, index) => ({
            ticketId: p(`ticketId${index}`),
            field: p(`field${index}`),
            value: p(`value${index}`),
            number: p(`number${index}`),
          })),
        )
        .onConflictDoUpdate({
          target: [f.ticketId, f.field],
          set: { value: sql`excluded.value`, number: sql`excluded.number` },
        }) as never,
  ),
)

const remove = preparedBySize((size) =>
  prepared<Record<string, unknown>, never>(
    (q, { ticketFields: f }) =>
      q.delete(f).where(and(eq(f.field, p('field')), inArray(f.ticketId, many(size, 'id')))) as never,
  ),
)

/**
 * Writes what differs, in one line of the timeline; null takes a value away.
 * @throws DeskError `field_invalid`, `field_read_only`.
 */
export async function setFields(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  ticket: Numbered,
  values: Values,
): Promise<void> {
  const checked = check(desk, actor, values)
  await lockById(tx, ticket.id)
  await write(tx, desk, actor, [ticket], new Map([[ticket.id, checked]]))
}

export interface FieldsOfTicket {
  readonly ticketId: string
  readonly values: Values
}

/**
 * The same for many tickets; those that do not exist are passed over, of several values for the same the last counts.
 * @returns the ids of the tickets of which something differed.
 * @throws DeskError `field_invalid`, `field_read_only`.
 */
export async function setFieldsOfMany(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  sets: readonly FieldsOfTicket[],
): Promise<string[]> {
  const wanted = new Map<string, Values>()
  for (const { ticketId, values: given } of sets) {
    const values = check(desk, actor, given)
    const before = wanted.get(ticketId)
    wanted.set(ticketId, before ? { ...before, ...values } : values)
  }
  const changed: string[] = []
  // In one order, also across batches: two that set fields of the same tickets do not wait in a circle.
  for (const ids of batches([...wanted.keys()].sort()))
    changed.push(...(await write(tx, desk, actor, await lockMany(tx, ids), wanted)))
  return changed
}

/** @returns the values in the form in which they are kept. */
const check = ({ fields }: Desk, actor: Actor, values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).map(([field, value]) => {
      fields.checkWriter(field, actor)
      return [field, value === null ? null : fields.check(field, value)]
    }),
  )

/** @param tickets locked. */
async function write(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  tickets: readonly Numbered[],
  wanted: ReadonlyMap<string, Values>,
): Promise<string[]> {
  const before = await readFieldsOf(
    tx,
    tickets.map(({ id }) => id),
  )
  const rows: { ticketId: string; field: string; value: string; number: number }[] = []
  const gone = new Map<string, { id: string }[]>()
  const updates: { ticketId: string; changes: Record<string, Change> }[] = []
  for (const { id, number } of tickets) {
    const changes = difference(before.get(id) ?? {}, wanted.get(id)!)
    for (const [field, [, to]] of Object.entries(changes))
      if (to !== null) rows.push({ ticketId: id, field, value: storedValue(to), number })
      else gone.set(field, [...(gone.get(field) ?? []), { id }])
    if (Object.keys(changes).length > 0) updates.push({ ticketId: id, changes })
  }
  for (const some of batches(rows)) await tx.run(upsert(some.length), paramsOf(some))
  for (const [field, ids] of gone)
    for (const some of batches(ids)) await tx.run(remove(some.length), { field, ...paramsOf(some) })
  await recordAll(
    tx,
    updates.map(({ ticketId, changes }) => ({ ticketId, type: 'changed', actor, data: changes })),
  )
  await desk.hooks.emitMany(tx, ticketUpdated, updates)
  return updates.map(({ ticketId }) => ticketId)
}

function difference(before: Values, wanted: Values): Record<string, Change> {
  const changes: Record<string, Change> = {}
  for (const [field, to] of Object.entries(wanted)) {
    const from = Object.hasOwn(before, field) ? before[field] : null
    if (storedValue(from) !== storedValue(to)) changes[field] = [from, to]
  }
  return changes
}
