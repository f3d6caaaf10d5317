// Raw messages and attachments, by the SHA-256 of their content: what every store of them does. Only the hash ever
// decides a path or a key; a name that came from outside never does.
import { hash as digest } from 'node:crypto'
import path from 'node:path'
import { Readable } from 'node:stream'
import type { BlobPlace } from '../config.js'
import { openFolder } from './folder.js'

export interface Blobs {
  /**
   * Durable when it resolves.
   * @param replace write it anew even where something lies under that hash.
   */
  put(hash: string, bytes: Uint8Array, replace?: boolean): Promise<void>
  /** Takes in files that are on disk already, where it can without copying them; durable when it resolves. */
  adopt(files: readonly { hash: string; path: string }[]): Promise<void>
  read(hash: string): Promise<Buffer>
  /** Rejects when there is nothing to send; what breaks later ends the stream with an error, never early. */
  stream(hash: string): Promise<Readable>
  size(hash: string): Promise<number>
  /** Can it be worked with? In words; @throws with the reason when not. */
  check(): Promise<string>
  readonly upkeep: Upkeep
  close(): void
}

/** For check, copy and collect only. Nothing is deleted at once: it goes through the trash, which reads look into. */
export interface Upkeep {
  list(): AsyncIterable<Entry>
  listTrash(): AsyncIterable<Trash>
  /** Into the trash, under this date. */
  discard(hash: string, at: Date): Promise<void>
  /** Out of the trash again. */
  restore(trash: Trash): Promise<void>
  /** Out of the trash for good. */
  erase(trash: Trash): Promise<void>
}

export interface Entry {
  hash: string
  size: number
  changedAt: Date
}

/** The date is a part of the name: what was thrown away again later is another one, and not erased with the first. */
export interface Trash {
  hash: string
  since: Date
}

export const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

/** Where it lies, in a folder as in a bucket: `ab/ab12…`. */
export function placeOf(hash: string): string {
  if (!isHash(hash)) throw new Error(`not a content hash: ${JSON.stringify(hash)}`)
  return `${hash.slice(0, 2)}/${hash}`
}

/** `trash/ab12….1767225600000` */
export const trashOf = ({ hash, since }: Trash): string =>
  `trash/${path.basename(placeOf(hash))}.${since.getTime()}`

export function readTrash(name: string): Trash | undefined {
  const [, hash, ms] = /^([0-9a-f]{64})\.(\d{1,15})$/.exec(name) ?? []
  return hash && ms ? { hash, since: new Date(Number(ms)) } : undefined
}

export const hashOf = (bytes: Uint8Array): string => digest('sha256', bytes, 'hex')

/** The client of the other store is loaded only by a desk that uses it. */
export async function openBlobs(place: BlobPlace): Promise<Blobs> {
  if (place.kind === 'folder') return openFolder(place.folder)
  const { openS3 } = await import('./s3.js')
  return openS3(place)
}

/** A stream that asks the store only when somebody begins to read. */
export const lazyStream = (blobs: Blobs, hash: string): Readable =>
  Readable.from(
    (async function* () {
      yield* await blobs.stream(hash)
    })(),
    { objectMode: false },
  )

/** A blob that is not where a row says is damage, not an outage: it is shown as `internal` and logged. */
export const missing = (hash: string): Error =>
  Object.assign(new Error(`the blob ${hash} is missing in its store`), { code: 'ENOENT' })

/** Damage as well: asking again does not help. */
export const damaged = (hash: string): Error =>
  Object.assign(new Error(`the blob ${hash} does not have the content that it had when it was put`), {
    code: 'EBADMSG',
  })

export const isDamage = (error: unknown): boolean =>
  ['ENOENT', 'EBADMSG'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')

/** Unlike Promise.all it lets none run on behind the caller's back. */
export async function allOrThrow(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason
}

/** All of them, at most `most` at once; after the first error no more are begun. */
export async function inTurns<T>(
  items: Iterable<T> | AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
) {
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  try {
    for await (const item of items) {
      if (failure) break
      const one: Promise<void> = work(item)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => running.delete(one))
      running.add(one)
      if (running.size >= most) await Promise.race(running)
    }
  } finally {
    // Also when the items end with an error: nothing may run on behind the caller's back.
    await Promise.all(running)
  }
  if (failure) throw failure.error
}
