// What the routes of the desk share: short lists, and the error of a name that is taken.
import Type from 'typebox'
import type { Tx } from '../../db/types.js'
import { fail } from '../../errors.js'

export const all = (item: string) =>
  Type.Object({ items: Type.Array(Type.Ref(`${item}#`)), nextCursor: Type.Null() })
export const list = <T>(items: T[]) => ({ items, nextCursor: null })
export const title = Type.String({ minLength: 1, maxLength: 100 })

/** Turns the error of a unique index into one that names the field. */
export async function unique(tx: Tx, field: string, write: () => PromiseLike<unknown>) {
  try {
    await write()
  } catch (error) {
    if (!tx.dialect.isUniqueViolation(error)) throw error
    throw fail('already_exists', undefined, {
      errors: [{ field: `body/${field}`, message: 'exists already' }],
    })
  }
}
