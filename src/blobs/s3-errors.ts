// What went wrong with the store, as an error of the catalogue: names and codes only. The errors of the SDK carry
// requests with signatures and keys, which must not come into logs and answers.
import { fail, isDeskError, reasonOf } from '../errors.js'
import { isDamage } from './blobs.js'

interface SdkError {
  name?: string
  code?: string
  $metadata?: { httpStatusCode?: number }
}

/** The object is not there. A bucket that is not there is something else: that is no answer about the object. */
export function isGone(error: unknown): boolean {
  const { name, $metadata } = (error ?? {}) as SdkError
  if (name === 'NoSuchBucket') return false
  return name === 'NoSuchKey' || name === 'NotFound' || $metadata?.httpStatusCode === 404
}

export function away(error: unknown): Error {
  if (isDeskError(error) || isDamage(error)) return error as Error
  return fail('blob_unavailable', `The store of raw mail and attachments does not answer (${wordOf(error)}).`)
}

function wordOf(error: unknown): string {
  const { code, name, $metadata } = (error ?? {}) as SdkError
  const word = [code, name].find((one) => typeof one === 'string' && /^\w+$/.test(one) && one !== 'Error')
  const status = $metadata?.httpStatusCode
  return `${word ?? reasonOf(error).slice(0, 100)}${status ? `, status ${status}` : ''}`
}
