// The server's side of the spool, the folder in which every mail lies until it is committed to the database.
// bin/frontdesk-pipe keeps the same protocol: reserve tmp/NAME, write, fsync, link it to new/NAME, fsync new/.
import { join } from 'node:path'
import { chunks, makeFolders, realFs, type SpoolFs, unlinkIfThere } from './spool/files.js'
import { countWaiting, listWaiting, type SpoolEntry, sweepStale } from './spool/list.js'
import { type Mail, putGroup } from './spool/put.js'
import { watchFolder } from './spool/watch.js'

export type { SpoolFs } from './spool/files.js'
export type { SpoolEntry } from './spool/list.js'
export type { Mail } from './spool/put.js'

export type Spool = {
  /** Durable when it resolves; answers the name of the entry. When it rejects, a whole copy may be there, never half of one. */
  put(raw: Uint8Array, inbox: string): Promise<string>
  /** As put for each, in order, sharing the waits for the disk. When it rejects, those before may be in the spool. */
  putMany(mails: Iterable<Mail> | AsyncIterable<Mail>): Promise<string[]>
  /** What waits, in order of arrival, from one reading of the folder. */
  list(limit?: number): Promise<SpoolEntry[]>
  /** How much waits, and since when: the time is exact for up to a thousand, beyond that of a thousand of them. */
  waiting(): Promise<{ files: number; oldest: Date | null }>
  /** After the commit only. An entry that is gone already is no fault. */
  remove(names: Iterable<string>): Promise<void>
  /** Rings soon after mail came, and every two seconds while some waits. */
  watch(onNew: () => void): { close(): void }
  /** Removes what killed writers left behind; answers how many files. */
  sweepTmp(olderThanMs?: number): Promise<number>
}

const atOnce = 32
const quarterHour = 15 * 60 * 1000

export async function openSpool(dataDir: string, fs: SpoolFs = realFs): Promise<Spool> {
  const tmp = join(dataDir, 'spool', 'tmp')
  const fresh = join(dataDir, 'spool', 'new')
  await makeFolders(fs, dataDir, [tmp, fresh])

  async function putMany(mails: Iterable<Mail> | AsyncIterable<Mail>): Promise<string[]> {
    const names: string[] = []
    let group: Mail[] = []
    for await (const mail of mails) {
      if (group.push(mail) < atOnce) continue
      names.push(...(await putGroup(fs, tmp, fresh, group)))
      group = []
    }
    if (group.length > 0) names.push(...(await putGroup(fs, tmp, fresh, group)))
    return names
  }

  // new/ goes first: as long as tmp/NAME is there, no writer can take the same name for another mail.
  async function remove(names: Iterable<string>): Promise<void> {
    for (const group of chunks([...names], atOnce)) {
      await Promise.all(group.map((name) => unlinkIfThere(fs, join(fresh, name))))
      await Promise.all(group.map((name) => unlinkIfThere(fs, join(tmp, name))))
    }
  }

  return {
    put: async (raw, inbox) => (await putGroup(fs, tmp, fresh, [{ raw, inbox }]))[0]!,
    putMany,
    list: (limit = Number.POSITIVE_INFINITY) => listWaiting(fs, fresh, limit),
    waiting: () => countWaiting(fs, fresh),
    remove,
    watch: (onNew) => watchFolder(fresh, onNew),
    sweepTmp: (olderThanMs = quarterHour) => sweepStale(fs, tmp, olderThanMs),
  }
}
