// Blobs in a bucket of an S3-compatible store, under the keys a folder has as paths. Loaded only when BLOBS_URL names one.
// What the store says is believed only when a checksum proves it.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { SECOND } from '../clock.js'
import type { S3Place } from '../config.js'
import { fail } from '../errors.js'
import { type Blobs, inTurns, missing, placeOf, trashOf } from './blobs.js'
import { bucketOf, type Key } from './bucket.js'
import { away, isGone } from './s3-errors.js'
import { verified } from './verify.js'

export interface S3Limits {
  connectMs: number
  /** Until the answer begins; for an upload the time of its bytes comes on top. */
  answerMs: number
  /** Between two pieces of a download. */
  pieceMs: number
  /** Of one request; what is broken off in the middle of a download is begun anew as often. */
  tries: number
  sockets: number
  /** How many files of one batch of mail are sent at once. */
  uploads: number
}

const LIMITS: S3Limits = {
  connectMs: 3 * SECOND,
  answerMs: 15 * SECOND,
  pieceMs: 15 * SECOND,
  tries: 3,
  sockets: 32,
  uploads: 8,
}
/** Bytes in a millisecond that the slowest useful line sends: 256 kB a second. */
const SLOWEST = 256

export function openS3(place: S3Place, limits: Partial<S3Limits> = {}): Blobs {
  const { pieceMs, tries, uploads, answerMs, ...most } = { ...LIMITS, ...limits }
  const client = connect(place, { answerMs, tries, ...most })
  const bucket = bucketOf(client, place)
  const kept = (hash: string) => bucket.at(placeOf(hash))

  async function isThere(hash: string, bytes: Uint8Array): Promise<boolean> {
    try {
      return proves(
        await client.send(new HeadObjectCommand({ ...kept(hash), ChecksumMode: 'ENABLED' })),
        hash,
        bytes,
      )
    } catch (error) {
      if (isGone(error)) return false
      throw away(error)
    }
  }

  async function put(hash: string, bytes: Uint8Array, replace = false) {
    if (!replace && (await isThere(hash, bytes))) return
    const command = new PutObjectCommand({
      ...kept(hash),
      Body: bytes,
      ContentLength: bytes.byteLength,
      ContentType: 'application/octet-stream',
      // The store compares it with what arrived, and refuses what is different.
      ChecksumSHA256: Buffer.from(hash, 'hex').toString('base64'),
    })
    const stored = await client
      .send(command, { requestTimeout: answerMs + Math.ceil(bytes.byteLength / SLOWEST) })
      .catch((error) => {
        throw away(error)
      })
    if (proves(stored, hash, bytes)) return
    // A store that knows no checksums, or encrypts: what it has is looked at.
    await read(hash, () => get(kept(hash))).catch(() => {
      throw fail('blob_unavailable', 'The store of raw mail and attachments did not keep what it was sent.')
    })
  }

  const get = async (key: Key): Promise<Readable> => {
    const { Body } = await client.send(new GetObjectCommand(key))
    // Whoever reads hears of it; without any listener it would end the process.
    return (Body as Readable).on('error', () => {})
  }

  /** Also in the trash, and then once more where it belongs: it may have come back between the two looks. */
  async function found<T>(hash: string, look: (key: Key) => Promise<T>): Promise<T> {
    const tryIt = (key: Key) =>
      look(key).then(
        (value) => ({ value }),
        (error) => {
          if (!isGone(error)) throw away(error)
        },
      )
    let result = await tryIt(kept(hash))
    if (!result)
      for await (const trash of bucket.listTrash(hash)) result ??= await tryIt(bucket.at(trashOf(trash)))
    result ??= await tryIt(kept(hash))
    if (!result) throw missing(hash)
    return result.value
  }

  async function read(hash: string, open: () => Promise<Readable>): Promise<Buffer> {
    for (let tried = 1; ; tried++) {
      const source = await open()
      const pieces: Buffer[] = []
      try {
        for await (const piece of verified(source, hash, pieceMs)) pieces.push(piece)
        return Buffer.concat(pieces)
      } catch (error) {
        // Broken off, or not what it should be: the SDK does not try that again.
        if (tried >= tries) throw away(error)
      }
    }
  }

  return {
    put,
    adopt: (files) => inTurns(files, uploads, async ({ hash, path }) => put(hash, await readFile(path))),
    read: (hash) => read(hash, () => found(hash, get)),
    async stream(hash) {
      const source = await found(hash, get)
      const content = Readable.from(verified(source, hash, pieceMs), { objectMode: false })
      // Also when nobody has begun to read it: a socket would be held for ever.
      return content.once('close', () => source.destroy())
    },
    size: (hash) =>
      found(hash, async (key) => (await client.send(new HeadObjectCommand(key))).ContentLength!),
    async check() {
      // A look where nothing lies: the same right as for a list, and the smallest answer.
      const look = new ListObjectsV2Command({
        Bucket: place.bucket,
        Prefix: `${place.prefix}check/`,
        MaxKeys: 1,
      })
      await client.send(look).catch((error) => {
        throw away(error)
      })
      return 'the bucket answers'
    },
    upkeep: bucket,
    close: () => client.destroy(),
  }
}

function connect(
  { region, endpoint, pathStyle, credentials }: S3Place,
  { connectMs, answerMs, tries, sockets }: Pick<S3Limits, 'connectMs' | 'answerMs' | 'tries' | 'sockets'>,
): S3Client {
  const agent = { keepAlive: true, maxSockets: sockets }
  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    ...(endpoint !== null && { endpoint }),
    ...(credentials && { credentials }),
    maxAttempts: tries,
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      // A download waits as long as its reader likes; that the store is slow is seen by `verified`.
      socketTimeout: 0,
      httpAgent: agent,
      httpsAgent: agent,
    },
    // Ours is the SHA-256, in both directions.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

/** Does the store know that it has exactly these bytes? An ETag of 32 hex digits is an MD5, unless it is encrypted. */
function proves(
  { ChecksumSHA256, ETag }: { ChecksumSHA256?: string | undefined; ETag?: string | undefined },
  hash: string,
  bytes: Uint8Array,
): boolean {
  if (ChecksumSHA256) return ChecksumSHA256 === Buffer.from(hash, 'hex').toString('base64')
  const etag = /^"?([0-9a-f]{32})"?$/.exec(ETag ?? '')?.[1]
  return etag !== undefined && etag === createHash('md5').update(bytes).digest('hex')
}
