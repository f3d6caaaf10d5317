// The blobs of a backup. They are named by their content and never change, so all backups in one folder share them:
// a second backup takes only what is new.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { placeOf, readTrash } from '../blobs/blobs.js'
import { each, hashOf, isMissing, linkOrCopy, makeDir, namesIn, sync } from './files.js'
import type { Line } from './manifest.js'

export interface TakenBlobs {
  lines: Line[]
  bytes: number
  /** How many were not there from an earlier backup. */
  fresh: number
  damaged: string[]
}

export const NO_BLOBS: TakenBlobs = { lines: [], bytes: 0, fresh: 0, damaged: [] }

/**
 * @param pool the folder `blobs` beside the backups.
 * @param suspects blobs of earlier backups that were damaged already.
 */
export async function takeBlobs(
  blobs: string,
  pool: string,
  suspects: ReadonlySet<string>,
): Promise<TakenBlobs> {
  const taken: TakenBlobs = { lines: [], bytes: 0, fresh: 0, damaged: [] }
  const parts = (await namesIn(blobs)).filter((name) => /^[0-9a-f]{2}$/.test(name))
  await makeDir(pool)
  for (const part of parts) {
    // What begins with a dot is being written, and no row names it yet.
    const hashes = (await namesIn(path.join(blobs, part))).filter((name) => /^[0-9a-f]{64}$/.test(name))
    const before = taken.fresh
    await makeDir(path.join(pool, part))
    await each(hashes, async (hash) => {
      const from = path.join(blobs, part, hash)
      const to = path.join(pool, part, hash)
      await take(taken, { from, to, hash, suspect: suspects.has(hash) }).catch((error: unknown) => {
        // Removed meanwhile, because no row names it any more.
        if (!isMissing(error)) throw error
      })
    })
    if (taken.fresh > before) await sync(path.join(pool, part))
  }
  await takeTrash(taken, blobs, pool)
  await sync(pool)
  taken.lines.sort((a, b) => (a.file < b.file ? -1 : 1))
  return taken
}

/** What the collector has thrown away, a row may refer to again: then it comes back, and a restored desk needs it. */
async function takeTrash(taken: TakenBlobs, blobs: string, pool: string) {
  const known = new Set(taken.lines.map(({ file }) => path.basename(file)))
  for (const name of await namesIn(path.join(blobs, 'trash'))) {
    const trash = readTrash(name)
    if (!trash || known.has(trash.hash)) continue
    known.add(trash.hash)
    const to = path.join(pool, placeOf(trash.hash))
    await makeDir(path.dirname(to))
    await take(taken, { from: path.join(blobs, 'trash', name), to, hash: trash.hash, suspect: false }).catch(
      (error: unknown) => {
        if (!isMissing(error)) throw error
      },
    )
    await sync(path.dirname(to))
  }
}

interface Blob {
  from: string
  to: string
  hash: string
  suspect: boolean
}

async function take(taken: TakenBlobs, { from, to, hash, suspect }: Blob) {
  const { size } = await stat(from)
  const fresh = !(await isThere(to))
  if (fresh) await linkOrCopy(from, to)
  // What an earlier backup has is what it was named by then; `backup verify` looks again.
  const sha256 = fresh || suspect ? await hashOf(to) : hash
  // Kept all the same, under what it is: perhaps it can be repaired, and the rest must have its backup.
  if (sha256 !== hash) taken.damaged.push(hash)
  if (fresh) taken.fresh++
  taken.bytes += size
  taken.lines.push({ sha256, file: `../blobs/${hash.slice(0, 2)}/${hash}` })
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )
