// Where `ingest` finds mail: an mbox, a Maildir, a folder of .eml files, single files, or standard input.
import { createReadStream } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { readMbox } from './mbox.js'

/** @param name a path, or `-` for `stdin`. */
export async function* readSource(name: string, stdin: Readable): AsyncGenerator<Uint8Array> {
  if (name === '-') return yield* readMbox(stdin)
  const info = await stat(name)
  if (info.isDirectory()) {
    for (const file of await filesOf(name)) yield await readFile(file)
  } else if (await isMbox(name)) yield* readMbox(createReadStream(name))
  else yield await readFile(name)
}

/** A Maildir's `cur` and `new`, else the .eml files of the folder; in the order of their names. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const maildir = ['cur', 'new'].every((part) =>
    entries.some((entry) => entry.isDirectory() && entry.name === part),
  )
  if (!maildir)
    return entries
      .filter((e) => e.isFile() && /\.eml$/i.test(e.name))
      .map((e) => path.join(folder, e.name))
      .sort()
  const files: string[] = []
  for (const part of ['cur', 'new'])
    for (const name of await readdir(path.join(folder, part)))
      if (!name.startsWith('.')) files.push(path.join(folder, part, name))
  return files.sort((a, b) => path.basename(a).localeCompare(path.basename(b), 'en', { numeric: true }))
}

async function isMbox(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(5), 0, 5, 0)
    return buffer.toString('latin1', 0, bytesRead) === 'From '
  } finally {
    await handle.close()
  }
}
