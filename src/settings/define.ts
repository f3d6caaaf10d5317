// Typed setting tokens: kept in the database, editable by administrators, each with a default.
import type { Static, TSchema } from 'typebox'

export interface Setting<T> {
  readonly key: string
  readonly description: string
  readonly schema: TSchema
  readonly fallback: T
  /** Sealed in the database, and never shown. */
  readonly secret?: boolean
}

export const defineSetting = <S extends TSchema>(
  key: string,
  description: string,
  schema: S,
  fallback: Static<S>,
): Setting<Static<S>> => ({ key, description, schema, fallback })
