// The file calls of the spool. They come as one object, so that a test can make the n-th of them fail.
import * as realFs from 'node:fs/promises'
import { dirname, join } from 'node:path'

export { realFs }

export type SpoolFs = Pick<
  typeof realFs,
  'open' | 'link' | 'unlink' | 'readdir' | 'stat' | 'mkdir' | 'rename'
>

export const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

export async function makeFolders(fs: SpoolFs, dataDir: string, folders: string[]): Promise<void> {
  let made = false
  for (const folder of folders) {
    if ((await fs.mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) made = true
  }
  // Otherwise a power cut could take the folder itself, with every mail that was fsynced into it.
  if (made) for (const path of [join(dataDir, 'spool'), dataDir, dirname(dataDir)]) await syncFolder(fs, path)
}

export async function syncFolder(fs: SpoolFs, path: string): Promise<void> {
  const folder = await fs.open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

export async function unlinkIfThere(fs: SpoolFs, path: string): Promise<void> {
  try {
    await fs.unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

export function* chunks<T>(items: T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
