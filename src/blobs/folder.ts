// Blobs in a local folder, `<2 hex>/<sha256>`: the default. Takes files of the spool over by hard links.
import { randomUUID } from 'node:crypto'
import { constants, promises as fsPromises } from 'node:fs'
import path from 'node:path'
import { allOrThrow, type Blobs, isHash, missing, placeOf, readTrash, trashOf, type Upkeep } from './blobs.js'

export type BlobFs = Pick<
  typeof fsPromises,
  'open' | 'link' | 'rename' | 'unlink' | 'mkdir' | 'readFile' | 'stat'
>

export function openFolder(folder: string, fs: BlobFs = fsPromises): Blobs {
  const made = new Map<string, Promise<void>>()
  const fileOf = (hash: string) => path.join(folder, placeOf(hash))
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
  async function put(hash: string, bytes: Uint8Array, replace = false) {
    const file = fileOf(hash)
    const dir = path.dirname(file)
    await ensureDir(dir)
    // Synced all the same: whoever put it there may not have come so far.
    if (!replace && (await exists(fs, file))) return syncDir(fs, dir)
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
  /** Also in the trash, and then once more where it belongs: it may have come back between the two looks. */
  async function found<T>(hash: string, look: (file: string) => Promise<T>): Promise<T> {
    const tryIt = (file: string) => look(file).then((value) => ({ value }), ignoreGone)
    let result = await tryIt(fileOf(hash))
    if (!result)
      for (const name of await namesIn(path.join(folder, 'trash')))
        if (name.startsWith(hash)) result ??= await tryIt(path.join(folder, 'trash', name))
    result ??= await tryIt(fileOf(hash))
    if (!result) throw missing(hash)
    return result.value
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
    read: (hash) => found(hash, (file) => fs.readFile(file) as Promise<Buffer>),
    async stream(hash) {
      const handle = await found(hash, (file) => fs.open(file, 'r'))
      return handle.createReadStream()
    },
    size: async (hash) => (await found(hash, (file) => fs.stat(file))).size,
    async check() {
      await ensureDir(folder)
      await fsPromises.access(folder, constants.W_OK | constants.X_OK)
      return 'can be written'
    },
    upkeep: folderUpkeep(folder, ensureDir),
    close() {},
  }
}

function folderUpkeep(folder: string, ensureDir: (dir: string) => Promise<void>): Upkeep {
  const fs = fsPromises
  const at = (place: string) => path.join(folder, place)
  async function move(from: string, to: string) {
    await ensureDir(path.dirname(to))
    // Two names of one file: then rename leaves both.
    const moved = async () => {
      await fs.rename(from, to)
      await fs.unlink(from).catch(ignoreGone)
    }
    await moved().catch(ignoreGone)
    for (const dir of [to, from].map(path.dirname)) await syncDir(fs, dir)
  }
  return {
    async *list() {
      for (const dir of await namesIn(folder))
        if (/^[0-9a-f]{2}$/.test(dir))
          for (const hash of (await namesIn(at(dir))).filter(isHash)) {
            const stats = await fs.stat(at(placeOf(hash))).catch(ignoreGone)
            if (stats) yield { hash, size: stats.size, changedAt: stats.mtime }
          }
    },
    async *listTrash() {
      for (const name of await namesIn(at('trash'))) {
        const trash = readTrash(name)
        if (trash) yield trash
      }
    },
    discard: (hash, since) => move(at(placeOf(hash)), at(trashOf({ hash, since }))),
    restore: (trash) => move(at(trashOf(trash)), at(placeOf(trash.hash))),
    erase: (trash) => fs.unlink(at(trashOf(trash))).catch(ignoreGone),
  }
}

function ignoreGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

const namesIn = async (dir: string): Promise<string[]> =>
  ((await fsPromises.readdir(dir).catch(ignoreGone)) ?? []).toSorted()

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
