// What the driver of PostgreSQL throws, as what the rest of the code knows: never with the values of a query.
import { DrizzleQueryError } from 'drizzle-orm'
import { type DeskError, fail, isDeskError } from '../errors.js'

// PostgreSQL's own codes are in its appendix A; the others are those of sockets and names.
const BUSY = /^(55P03|57014|40P01|40001|25P03|25P04)$/
const AWAY = /^(08...|57P0[1-5]|53300|25006|E[A-Z_]+)$/
/** The driver has no codes for these. */
const AWAY_IN_WORDS =
  /^(Connection terminated|Client (has encountered|was closed)|timeout expired|Cannot use a pool)/
const WAITED_IN_VAIN = /^(timeout exceeded when trying to connect|Query read timeout)/

/** What the driver threw: a file that is not there, in the middle of a transaction, is no fault of the database. */
const ofDriver = new WeakSet<Error>()

export function fromDriver(error: unknown): unknown {
  const bare = withoutValues(error)
  if (bare instanceof Error) ofDriver.add(bare)
  return bare
}

/** The error of the driver behind what was thrown; undefined: it has nothing to do with the database. */
function originOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  return ofDriver.has(error) ? error : originOf(error.cause)
}

/** Two transactions that got in each other's way: PostgreSQL rolled this one back, it can run again as a whole. */
export const isCollision = (error: unknown): boolean => /^40(P01|001)$/.test(codeOf(originOf(error)))

/** Whether the connection is of no use any more. */
export function isBroken(error: unknown): boolean {
  const origin = originOf(error)
  const [code, words] = [codeOf(origin), wordsOf(origin)]
  return AWAY.test(code) || /^25P0[34]$/.test(code) || AWAY_IN_WORDS.test(words) || WAITED_IN_VAIN.test(words)
}

/** For whoever waits for the answer: what was wrong with the database becomes an error of the catalogue. */
export function translate(error: unknown): unknown {
  if (isDeskError(error)) return error
  const origin = originOf(error)
  const [code, words] = [codeOf(origin), wordsOf(origin)]
  if (BUSY.test(code) || WAITED_IN_VAIN.test(words)) return because('database_busy', error)
  if (AWAY.test(code) || AWAY_IN_WORDS.test(words)) return because('database_unavailable', error)
  if (code === '53100') return because('storage_full', error)
  return error
}

/** The connection broke in COMMIT: nobody can tell whether it was carried out. */
export const unknownFate = (error: unknown): DeskError => because('outcome_unknown', error)

/** With the cause, for the log. */
const because = (code: Parameters<typeof fail>[0], error: unknown): DeskError =>
  Object.assign(fail(code), { cause: withoutValues(error) })

/**
 * drizzle and the driver write the values of a failed query into their errors. From there password hashes and
 * the texts of customers would come into the log, and into the reason that a dead job shows.
 */
export function withoutValues(error: unknown): unknown {
  const from = error instanceof DrizzleQueryError ? (error.cause ?? error) : error
  if (!(from instanceof Error) || !('severity' in from || error instanceof DrizzleQueryError)) return error
  const bare = Object.assign(new Error(from.message), { code: codeOf(from) })
  const { stack } = error as Error
  if (stack) bare.stack = stack.replace((error as Error).message, bare.message)
  return bare
}

export function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  return typeof code === 'string' ? code : cause ? codeOf(cause) : ''
}

function wordsOf(error: unknown): string {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown }
  return typeof message === 'string' && typeof code !== 'string' ? message : ''
}
