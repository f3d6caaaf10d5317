// Small schemas that several routes share.
import Type from 'typebox'

/** One of some words, with their type. */
export const oneOf = <const Word extends string>(words: readonly Word[], more: object = {}) =>
  Type.Unsafe<Word>({ ...Type.Union(words.map((one) => Type.Literal(one))), ...more })

export const orNull = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

export const instant = (more: object = {}) => Type.String({ format: 'date-time', ...more })
