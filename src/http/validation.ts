// Requests are checked by TypeBox, compiled when a route is first used. Bodies are taken as they are: no coercion,
// unknown properties are an error. Query strings and paths are text and are converted first.
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import Value from 'typebox/value'
import type { FieldError } from '../errors.js'
import { invalidRequest } from './problem.js'

const NAMES: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
}

export function useValidation(app: FastifyInstance): void {
  const compiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
    let check: Validator | undefined
    return (input: unknown) => {
      check ??= Compile(schema) as Validator
      const value = httpPart === 'body' ? input : Value.Convert(schema, input)
      if (check.Check(value)) return { value }
      return { error: invalidRequest(fieldErrors(check, value, NAMES[httpPart] ?? httpPart)) }
    }
  }
  app.setValidatorCompiler(compiler)
  app.setSchemaErrorFormatter((errors) => errors as unknown as Error)
}

const MOST_ERRORS = 20

function fieldErrors(check: Validator, value: unknown, part: string): FieldError[] {
  const found = new Map<string, string>()
  for (const { instancePath, message, keyword, params } of check.Errors(value)) {
    const more = params as { additionalProperties?: string[]; requiredProperties?: string[] }
    const names =
      keyword === 'additionalProperties'
        ? more.additionalProperties
        : keyword === 'required'
          ? more.requiredProperties
          : undefined
    // `boolean` is what a property that is not allowed at all is told.
    const unknown = keyword === 'additionalProperties' || keyword === 'boolean'
    const text = unknown ? 'is not known here' : keyword === 'required' ? 'is missing' : message
    for (const name of names ?? ['']) {
      const field = `${part}${instancePath}${name && `/${name}`}`.slice(0, 200)
      if (!found.has(field) && found.size < MOST_ERRORS) found.set(field, text)
    }
  }
  return [...found].map(([field, message]) => ({ field, message }))
}
