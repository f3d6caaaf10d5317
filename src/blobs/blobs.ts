// Raw messages and attachments, by the SHA-256 of their content. A name that came from outside is never a path.
import { randomUUID } from 'node:crypto'
import { createReadStream, promises as fsPromises } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'

export type BlobFs = Pick<
  typeof fsPromises,
  'open' | 'link' | 'rename' | 'unlink' | 'mkdir' | 'readFile' | 'stat'
>

export interface Blobs {
  /** Durable when it resolves. */
  put(hash: string, bytes: Uint8Array): Promise<void>
  /** Takes in files that are on disk already, without copying them; durable when it resolves. */
  adopt(files: readonly { hash: string; path: string }[]): Promise<void>
  read(hash: string): Promise<Buffer>
  stream(hash: string): Readable
  size(hash: string): Promise<number>
}

export function openBlobs(folder: string, fs: BlobFs = fsPromises): Blobs {
  const made = new Map<string, Promise<void>>()
  const fileOf = (hash: string) => {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new Error(`not a content hash: ${JSON.stringify(hash)}`)
    return path.join(folder, hash.slice(0, 2), hash)
  }
  async function makeDir(dir: string) {
    if (dir !== folder) await ensureDir(folder)
    await fs.mkdir(dir, { recursive: true, mode: 0o700 })
    await syncDir(fs, path.dirname(dir))
  }
  function ensureDir(dir: string): Promise<void> {
    const known = made.get(dir)
    if (known) return known
    const making = makeDir(dir)
    made.set(dir, making)
    // What failed is tried again by the next caller.
    making.catch(() => made.delete(dir))
    return making
  }
  async function put(hash: string, bytes: Uint8Array) {
    const file = fileOf(hash)
    const dir = path.dirname(file)
    await ensureDir(dir)
    // Synced all the same: whoever put it there may not have come so far.
    if (await exists(fs, file)) return syncDir(fs, dir)
    const tmp = path.join(dir, `.${randomUUID()}`)
    try {
      await writeDurably(fs, tmp, bytes)
      await fs.rename(tmp, file)
    } catch (error) {
      await fs.unlink(tmp).catch(() => {})
      throw error
    }
    await syncDir(fs, dir)
  }
  return {
    put,
    async adopt(files) {
      const dirs = new Set<string>()
      // Side by side: one after the other, each of these short waits lasts as long as the event loop is busy.
      await allOrThrow(
        files.map(async ({ hash, path: from }) => {
          const file = fileOf(hash)
          await ensureDir(path.dirname(file))
          if (await linked(fs, from, file)) dirs.add(path.dirname(file))
          else await put(hash, await fs.readFile(from))
        }),
      )
      await allOrThrow([...dirs].map((dir) => syncDir(fs, dir)))
    },
    read: (hash) => fs.readFile(fileOf(hash)) as Promise<Buffer>,
    stream: (hash) => createReadStream(fileOf(hash)),
    size: async (hash) => (await fs.stat(fileOf(hash))).size,
  }
}

/** Unlike Promise.all it lets none run on behind the caller's back. */
async function allOrThrow(work: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason
}

/** @returns false where the file system or the owner of the file does not allow a link. */
async function linked(fs: BlobFs, from: string, to: string): Promise<boolean> {
  try {
    await fs.link(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EXDEV' || code === 'EPERM' || code === 'EMLINK') return false
    if (code !== 'EEXIST') throw error
  }
  return true
}

async function writeDurably(fs: BlobFs, file: string, bytes: Uint8Array) {
  const handle = await fs.open(file, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

async function exists(fs: BlobFs, file: string) {
  return fs.stat(file).then(
    () => true,
    () => false,
  )
}

// Without it a power cut can lose the directory entry of a file whose bytes are safe.
async function syncDir(fs: BlobFs, dir: string) {
  const handle = await fs.open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
