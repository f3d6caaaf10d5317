// What lies in the spool: the waiting mail in order of arrival, and what dead writers left in tmp/.
import { join } from 'node:path'
import { chunks, isMissing, type SpoolFs, unlinkIfThere } from './files.js'

export type SpoolEntry = { name: string; inbox: string; path: string; size: number; arrivedAt: Date }

/** The same rule as in bin/frontdesk-pipe: the address is a part of a file name. */
export const inboxPattern = /^(?=[^@]*@)(?!\.)[A-Za-z0-9.!#$%&'*+=?^_`{|}~@-]{1,200}$/

const statsAtOnce = 256

export async function listWaiting(fs: SpoolFs, folder: string, limit: number): Promise<SpoolEntry[]> {
  const names = (await fs.readdir(folder)).filter(isEntryName)
  const found: { entry: SpoolEntry; time: bigint }[] = []
  for (const group of chunks(names, statsAtOnce)) {
    for (const item of await Promise.all(group.map((name) => readEntry(fs, folder, name)))) {
      if (item) found.push(item)
    }
  }
  found.sort((a, b) => compare(a.time, b.time) || compare(a.entry.name, b.entry.name))
  return found.slice(0, limit).map(({ entry }) => entry)
}

/** For the metrics: a spool of 100,000 must not be looked at file by file at every scrape. */
const looksAt = 1000

export async function countWaiting(
  fs: SpoolFs,
  folder: string,
): Promise<{ files: number; oldest: Date | null }> {
  const names = (await fs.readdir(folder)).filter(isEntryName)
  let oldest: Date | null = null
  for (const group of chunks(names.slice(0, looksAt), statsAtOnce)) {
    for (const item of await Promise.all(group.map((name) => readEntry(fs, folder, name)))) {
      if (item && (oldest === null || item.entry.arrivedAt < oldest)) oldest = item.entry.arrivedAt
    }
  }
  return { files: names.length, oldest }
}

/** Killed writers leave files without a second link; the link count says it without a look into new/. */
export async function sweepStale(fs: SpoolFs, folder: string, olderThanMs: number): Promise<number> {
  const before = Date.now() - olderThanMs
  let removed = 0
  for (const name of await fs.readdir(folder)) {
    const path = join(folder, name)
    const stats = name.startsWith('.') ? undefined : await statIfThere(fs, path)
    if (!stats?.isFile() || stats.nlink > 1n || Number(stats.mtimeMs) > before) continue
    await unlinkIfThere(fs, path)
    removed += 1
  }
  return removed
}

/** UNIQUE,ADDRESS; any other file was put there by somebody else, and is left alone. */
function isEntryName(name: string): boolean {
  const comma = name.indexOf(',')
  return comma > 0 && !name.startsWith('.') && inboxPattern.test(name.slice(comma + 1))
}

async function readEntry(fs: SpoolFs, folder: string, name: string) {
  const path = join(folder, name)
  const stats = await statIfThere(fs, path)
  if (!stats?.isFile()) return undefined
  const inbox = name.slice(name.indexOf(',') + 1)
  const entry = { name, inbox, path, size: Number(stats.size), arrivedAt: new Date(Number(stats.mtimeMs)) }
  return { entry, time: stats.mtimeNs }
}

/** Another process may take an entry between the reading of the folder and this. */
async function statIfThere(fs: SpoolFs, path: string) {
  try {
    return await fs.stat(path, { bigint: true })
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const compare = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
