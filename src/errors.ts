// The error catalogue: every error a user can see has one code, one HTTP status and one sentence. Codes are
// never reused. docs/errors.md lists the same, by test.

interface Entry {
  status: number
  title: string
}

const entry = (status: number, title: string): Entry => ({ status, title })

export const catalogue = {
  // requests
  invalid_request: entry(400, 'The request does not have the shape that this route takes; see `errors`.'),
  invalid_json: entry(400, 'The body is not valid JSON.'),
  invalid_cursor: entry(400, 'The cursor was not made by this list; start again without one.'),
  body_too_large: entry(413, 'The body is larger than this route takes.'),
  unsupported_media_type: entry(415, 'This route does not take that Content-Type.'),
  not_found: entry(404, 'There is nothing here, or you may not see it.'),
  too_many_requests: entry(429, 'Too many tries; wait and try again.'),
  // who is asking
  unauthenticated: entry(401, 'A valid token is needed: send `Authorization: Bearer fd_…`.'),
  login_failed: entry(401, 'The e-mail address or the password is wrong.'),
  forbidden: entry(403, 'Your role does not have the permission that this needs.'),
  // conflicts
  version_conflict: entry(409, 'It was changed by somebody else meanwhile; `current` is the state now.'),
  stale_reply: entry(409, 'A newer public message has arrived on the ticket since this reply was written.'),
  already_exists: entry(409, 'Something with this name or address exists already.'),
  in_use: entry(409, 'It is still in use and cannot be removed.'),
  wrong_state: entry(409, 'It is not in a state in which this can be done.'),
  idempotency_running: entry(409, 'A request with this Idempotency-Key is still running.'),
  idempotency_mismatch: entry(422, 'This Idempotency-Key was used for another request.'),
  // content
  unknown_reference: entry(422, 'The request names something that does not exist.'),
  no_recipient: entry(422, 'The ticket has nobody with an address to send to.'),
  too_many_recipients: entry(422, 'A message may go to at most 50 recipients.'),
  rejected: entry(422, 'A rule of this desk refused it.'),
  field_invalid: entry(422, 'The ticket field does not exist or the value does not fit it.'),
  field_read_only: entry(422, 'A plugin computes this ticket field; nobody else can set it.'),
  stage_not_next: entry(409, 'The workflow does not allow this stage after the present one.'),
  setting_invalid: entry(422, 'The setting does not exist or the value does not fit it.'),
  // the desk itself
  plugin_failed: entry(503, 'A plugin of this desk failed; nothing was stored. Try again in a moment.'),
  database_busy: entry(503, 'The database is busy; nothing was stored. Try again in a moment.'),
  database_unavailable: entry(
    503,
    'The database cannot be reached; nothing was stored. Try again in a moment.',
  ),
  outcome_unknown: entry(
    503,
    'The database went away while it stored this: it may be stored or not. Repeat it with the same Idempotency-Key, or look first.',
  ),
  blob_unavailable: entry(
    503,
    'The store of raw mail and attachments cannot be reached; nothing was stored. Try again in a moment.',
  ),
  storage_full: entry(507, 'The disk is full; nothing was stored.'),
  internal: entry(500, 'Something went wrong on our side; the log has the details under this request id.'),
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof catalogue

export interface FieldError {
  /** Where in the request, for instance `body/subject`. */
  field: string
  message: string
}

export interface ErrorDetails {
  detail?: string
  errors?: FieldError[]
  /** What a client needs to go on, for instance the current state after a conflict. */
  current?: unknown
}

/** An error that its caller may see. Anything else that is thrown is a fault and shown as `internal`. */
export class DeskError extends Error {
  override readonly name = 'DeskError'
  readonly status: number
  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
  ) {
    super(details.detail ?? catalogue[code].title)
    this.status = catalogue[code].status
  }
}

/** By name: a plugin has a copy of this module of its own, where the server runs from its bundle. */
export const isDeskError = (error: unknown): error is DeskError =>
  error instanceof Error &&
  error.name === 'DeskError' &&
  Object.hasOwn(catalogue, (error as Partial<DeskError>).code ?? '')

/** What was thrown, in words. Never throws itself: anything can be thrown. */
export function reasonOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'an error that cannot be shown'
  }
}

export const fail = (code: ErrorCode, detail?: string, more: Omit<ErrorDetails, 'detail'> = {}): DeskError =>
  new DeskError(code, detail === undefined ? more : { detail, ...more })

/** A 422 that names the field whose value points at nothing. */
export const unknownReference = (field: string, value: string): DeskError =>
  fail('unknown_reference', `There is no ${field} "${value.slice(0, 80)}".`, {
    errors: [{ field: `body/${field}`, message: 'does not exist' }],
  })
