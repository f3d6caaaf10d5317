// The keys of a bucket: what lies there, and moving it into the trash and out again.
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { S3Place } from '../config.js'
import { isHash, placeOf, readTrash, type Trash, trashOf, type Upkeep } from './blobs.js'
import { away, isGone } from './s3-errors.js'

export interface Key {
  Bucket: string
  Key: string
}

export function bucketOf(client: S3Client, { bucket, prefix }: S3Place) {
  const at = (place: string): Key => ({ Bucket: bucket, Key: prefix + place })
  const rejectAway = (error: unknown): never => {
    throw away(error)
  }
  const remove = (key: Key) => client.send(new DeleteObjectCommand(key)).then(() => {}, rejectAway)
  /** The copy is there before the first goes: in between both are, and that does no harm. */
  async function move(from: string, to: string) {
    try {
      await client.send(new CopyObjectCommand({ ...at(to), CopySource: `${bucket}/${at(from).Key}` }))
      await client.send(new HeadObjectCommand(at(to)))
    } catch (error) {
      if (isGone(error)) return
      throw away(error)
    }
    await remove(at(from))
  }
  async function* objects(start: string) {
    let next: string | undefined
    do {
      const page = await client
        .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix + start, ContinuationToken: next }))
        .catch(rejectAway)
      for (const { Key, Size = 0, LastModified: changedAt } of page.Contents ?? [])
        if (Key && changedAt) yield { place: Key.slice(prefix.length), size: Size, changedAt }
      next = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (next !== undefined)
  }
  return {
    at,
    async *list() {
      for await (const { place, ...entry } of objects('')) {
        const hash = place.slice(3)
        // Only what we could have put there ourselves.
        if (isHash(hash) && place === placeOf(hash)) yield { hash, ...entry }
      }
    },
    async *listTrash(hash = ''): AsyncGenerator<Trash> {
      for await (const { place } of objects(`trash/${hash}`)) {
        const trash = readTrash(place.slice('trash/'.length))
        if (trash) yield trash
      }
    },
    discard: (hash: string, since: Date) => move(placeOf(hash), trashOf({ hash, since })),
    restore: (trash: Trash) => move(trashOf(trash), placeOf(trash.hash)),
    erase: (trash: Trash) => remove(at(trashOf(trash))),
  } satisfies Upkeep & { at: unknown }
}
