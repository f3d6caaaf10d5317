// A download that is what its hash says, or ends with an error: cut off, stuck and wrong content are all told apart
// from the end. The last piece is held back until the hash is right, so a wrong blob never looks whole.
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { within } from '../clock.js'
import { damaged } from './blobs.js'
import { away } from './s3-errors.js'

/** @param pieceMs how long the source may take for one piece; the time that the reader takes does not count. */
export async function* verified(source: Readable, hash: string, pieceMs: number): AsyncGenerator<Buffer> {
  const digest = createHash('sha256')
  const pieces = source[Symbol.asyncIterator]()
  let held: Buffer | undefined
  try {
    for (;;) {
      const { done, value } = await within(pieceMs, () => pieces.next())
      if (done) break
      digest.update(value)
      if (held) yield held
      held = value
    }
  } catch (error) {
    throw away(error)
  } finally {
    source.destroy()
  }
  if (digest.digest('hex') !== hash) throw damaged(hash)
  if (held) yield held
}
