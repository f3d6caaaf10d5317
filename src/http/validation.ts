// Requests are checked by TypeBox, compiled when a route is first used. Bodies are taken as they are: no coercion,
// unknown properties are an error. Query strings and paths are text and are converted first.
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import Format from 'typebox/format'
import Value from 'typebox/value'
import { type FieldError, fail } from '../errors.js'
import { problemsOf } from '../schema.js'
import { invalidRequest } from './problem.js'

const NAMES: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

export function useValidation(app: FastifyInstance): void {
  Format.Set('date-time', isInstant)
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
      return { error: invalidRequest(fieldErrors(schema, value, NAMES[httpPart] ?? httpPart)) }
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
  const at = shape.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text.toUpperCase()) : Number.NaN
  return at >= 0 && at < Date.UTC(9999, 0)
}

/** `Date.parse` takes 30 February for 2 March. */
function isDay(date: string): boolean {
  const at = new Date(date)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date)
}

const MOST_ERRORS = 20

function fieldErrors(schema: TSchema, value: unknown, part: string): FieldError[] {
  const errors = problemsOf(schema, value).map(({ at, message }) => ({
    field: `${part}${at}`.slice(0, 200),
    message,
  }))
  return errors.slice(0, MOST_ERRORS)
}
