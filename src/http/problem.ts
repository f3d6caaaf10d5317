// Errors on the wire: application/problem+json (RFC 9457) with our code. What is not in the catalogue is a fault:
// it is logged in full and shown as `internal`, never with a stack.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { catalogue, DeskError, type ErrorCode, type FieldError, isDeskError } from '../errors.js'

export function problem(error: DeskError, requestId: string) {
  const { title, status } = catalogue[error.code]
  return {
    type: `urn:frontdesk:error:${error.code}`,
    title,
    status,
    code: error.code,
    requestId,
    ...error.details,
  }
}

/** Validation errors of a route, in the shape of the catalogue. */
export const invalidRequest = (errors: FieldError[]): DeskError =>
  new DeskError('invalid_request', { errors })

const FASTIFY_CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_ASYNC_CONSTRAINT: 'invalid_request',
  FST_ERR_BAD_URL: 'invalid_request',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid_request',
}

export function translate(error: unknown): DeskError | null {
  if (isDeskError(error)) return error
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DeskError('storage_full')
  const known = code ? FASTIFY_CODES[code] : undefined
  if (known) return new DeskError(known)
  if (error instanceof SyntaxError && statusCode === 400) return new DeskError('invalid_json')
  return null
}

/** Also for what fails before there is a route: an address that cannot be decoded or is too long. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = translate(error)
  if (!known || known.status >= 500) request.log.error({ err: error }, 'a request failed')
  return send(request, reply, known ?? new DeskError('internal'))
}

function send(request: FastifyRequest, reply: FastifyReply, error: DeskError) {
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  if (error.status === 429 || error.status === 503) reply.header('retry-after', '10')
  return reply
    .code(error.status)
    .type('application/problem+json')
    .send(JSON.stringify(problem(error, request.id)))
}

export function useProblems(app: FastifyInstance): void {
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => send(request, reply, new DeskError('not_found')))
}
