// Requests are checked by TypeBox, compiled when a route is first used. Bodies are taken as they are: no coercion,
// unknown properties are an error. Query strings and paths are text and are converted first.
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import Format from 'typebox/format'
import { Settings } from 'typebox/system'
import Value from 'typebox/value'
import { type FieldError, fail } from '../errors.js'
import { invalidRequest } from './problem.js'

const NAMES: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

export function useValidation(app: FastifyInstance): void {
  Format.Set('date-time', isInstant)
  Settings.Set({ maxErrors: MOST_LOOKED_AT })
  const compiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
    let check: Validator | undefined
    const converts = httpPart !== 'body' && !allText(schema)
    return (input: unknown) => {
      // Where a schema is, JSON is meant: a file belongs to a route that takes files.
      if (Buffer.isBuffer(input)) return { error: fail('unsupported_media_type') }
      const unfit = unfitText(input, NAMES[httpPart] ?? httpPart)
      if (unfit) return { error: invalidRequest([unfit]) }
      check ??= Compile(schema) as Validator
      const value = converts ? Value.Convert(schema, input) : input
      if (check.Check(value)) return { value }
      return { error: invalidRequest(fieldErrors(check, value, NAMES[httpPart] ?? httpPart)) }
    }
  }
  app.setValidatorCompiler(compiler)
  app.setSchemaErrorFormatter((errors) => errors as unknown as Error)
}

/** Paths and headers mostly are: nothing to convert. */
const allText = (schema: TSchema): boolean =>
  Object.values((schema as { properties?: Record<string, { type?: unknown }> }).properties ?? {}).every(
    ({ type }) => type === 'string',
  )

const DEEPEST = 50

/**
 * What no database takes: PostgreSQL refuses NUL in text and lone surrogates in jsonb. Nesting ends before
 * the stack does, here and in everything behind.
 */
function unfitText(value: unknown, field: string, depth = 0): FieldError | undefined {
  if (typeof value === 'string') {
    const fit = value.isWellFormed() && !value.includes('\0')
    return fit ? undefined : { field: field.slice(0, 200), message: 'has characters that are no text' }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === DEEPEST) return { field: field.slice(0, 200), message: 'is nested too deep' }
  for (const [name, inner] of Object.entries(value)) {
    const at = `${field}/${name}`
    const unfit = unfitText(name, at) ?? unfitText(inner, at, depth + 1)
    if (unfit) return unfit
  }
  return undefined
}

/** RFC 3339 with a year that both databases can hold; a leap second is no instant to JavaScript. */
function isInstant(text: string): boolean {
  const shape = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/
  const at = shape.test(text) ? Date.parse(text.toUpperCase()) : Number.NaN
  return at >= 0 && at < Date.UTC(9999, 0)
}

const MOST_ERRORS = 20
/** A word out of several is one error for each of them. */
const MOST_LOOKED_AT = 100
const NOT_THE_WORD = 'is not the word that is expected'

function fieldErrors(check: Validator, value: unknown, part: string): FieldError[] {
  const found = new Map<string, string>()
  const words = new Map<string, unknown[]>()
  for (const { instancePath, message, keyword, params } of check.Errors(value)) {
    const more = params as {
      additionalProperties?: string[]
      requiredProperties?: string[]
      allowedValue?: unknown
    }
    const names =
      keyword === 'additionalProperties'
        ? more.additionalProperties
        : keyword === 'required'
          ? more.requiredProperties
          : undefined
    // `boolean` is what a property that is not allowed at all is told.
    const unknown = keyword === 'additionalProperties' || keyword === 'boolean'
    const text = unknown
      ? 'is not known here'
      : keyword === 'required'
        ? 'is missing'
        : keyword === 'const'
          ? NOT_THE_WORD
          : message
    for (const name of names ?? ['']) {
      const field = `${part}${instancePath}${name && `/${name}`}`.slice(0, 200)
      if (!found.has(field) && found.size < MOST_ERRORS) found.set(field, text)
      if (keyword === 'const') words.set(field, [...(words.get(field) ?? []), more.allowedValue])
      // Comes after the last word: where the errors were cut off before it, the list would be too short.
      if (keyword === 'anyOf' && found.get(field) === NOT_THE_WORD)
        found.set(field, oneOfThese(words.get(field)!))
    }
  }
  return [...found].map(([field, message]) => ({ field, message }))
}

const oneOfThese = (words: readonly unknown[]) =>
  `must be one of ${[...new Set(words)].map((one) => JSON.stringify(one)).join(', ')}`
