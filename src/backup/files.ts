// Files of a backup: written durably, for their owner only, and hashed from what is on disk afterwards.
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, copyFile, link, mkdir, open, readdir, rename, stat, unlink, utimes } from 'node:fs/promises'
import path from 'node:path'

export const makeDir = (dir: string): Promise<string | undefined> =>
  mkdir(dir, { recursive: true, mode: 0o700 })

export async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** With its time: the order of arrival of what lies in the spool. */
export async function copyDurably(from: string, to: string): Promise<void> {
  // Not made of the name, which may be as long as names can be.
  const part = path.join(path.dirname(to), `.${randomUUID()}`)
  try {
    await copyFile(from, part)
    await chmod(part, 0o600)
    const { atime, mtime } = await stat(from)
    await utimes(part, atime, mtime)
    await sync(part)
    await rename(part, to)
  } catch (error) {
    await unlink(part).catch(() => {})
    throw error
  }
}

/** A second name for what never changes, where that is possible; else a copy. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code === 'ENOENT') throw error
    await copyDurably(from, to)
  }
}

export async function writeDurably(file: string, text: string): Promise<void> {
  const part = `${file}.part`
  const handle = await open(part, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(part, file)
  await sync(path.dirname(file))
}

/** The names in a folder; none where there is no folder. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** A few side by side: each waits for the disk most of the time. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  const run = async () => {
    while (next < items.length) await work(items[next++]!)
  }
  const results = await Promise.allSettled(Array.from({ length: 8 }, run))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
