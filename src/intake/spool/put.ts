// Puts mail into the spool from Node, for `frontdesk ingest`, LMTP and demo data; as durably as the pipe does.
import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { type SpoolFs, syncFolder } from './files.js'
import { inboxPattern } from './list.js'

export type Mail = { raw: Uint8Array; inbox: string }

type Reserved = { name: string; path: string; file: FileHandle }

let counter = 0

/**
 * Published in the given order; all or, after a fault, the first few. The files are written one after the other
 * because their times are the order of arrival; only the waiting for the disk is shared.
 */
export async function putGroup(fs: SpoolFs, tmp: string, fresh: string, mails: Mail[]): Promise<string[]> {
  const reserved: Reserved[] = []
  try {
    await writeAll(fs, tmp, mails, reserved)
    for (const { name, path } of reserved) await fs.link(path, join(fresh, name))
    await syncFolder(fs, fresh)
  } catch (error) {
    // Entries that have their link stay whole in new/ without this; whatever cannot be removed, sweepTmp takes later.
    await Promise.allSettled(reserved.map(({ path }) => fs.unlink(path)))
    throw error
  }
  return reserved.map(({ name }) => name)
}

async function writeAll(fs: SpoolFs, tmp: string, mails: Mail[], reserved: Reserved[]): Promise<void> {
  try {
    for (const { raw, inbox } of mails) {
      const name = entryName(inbox)
      const path = join(tmp, name)
      const file = await fs.open(path, 'wx', 0o600)
      reserved.push({ name, path, file })
      await file.writeFile(raw)
    }
    await allOrThrow(reserved.map(({ file }) => file.sync()))
  } finally {
    await allOrThrow(reserved.map(({ file }) => file.close()))
  }
}

/** Unlike Promise.all it lets none run on behind the caller's back. */
async function allOrThrow(work: Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason
}

/** Sorts in order of making, for a disk whose clock ticks slowly; the `s` keeps it apart from the pipe's names. */
function entryName(inbox: string): string {
  if (!inboxPattern.test(inbox)) throw new Error('not an inbox address that the spool can hold')
  counter = (counter + 1) % 36 ** 4
  const moment = Date.now().toString(36) + counter.toString(36).padStart(4, '0')
  return `s${moment}${randomBytes(8).toString('hex')},${inbox}`
}
