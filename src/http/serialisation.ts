// Answers are written by fast-json-stringify, as Fastify does it, but compiled when a route is first used: sixty
// compilations would be half of a start.

import fastJson, { type Schema } from 'fast-json-stringify'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { components } from './schemas.js'

export function useSerialisation(app: FastifyInstance): void {
  const schema = Object.fromEntries(components.map((it) => [(it as { $id?: string }).$id!, it as Schema]))
  app.setSerializerCompiler<TSchema>(({ schema: own }) => {
    let write: ((value: unknown) => string) | undefined
    return (value) => {
      write ??= fastJson(own as Schema, { schema })
      return write(value)
    }
  })
}
