// Which filters run at this moment, in a file: when the process dies, the next start reads who was at work. No fsync:
// the file outlives the process, and a power cut is nobody's fault.
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import type { Running as Who } from './running.js'

const SLOTS = 16
const BYTES = 256

/** Files of this process. */
const opened = new Set<string>()

export interface Marks {
  /** @returns what takes the mark away again. */
  enter(who: Who): () => void
  close(): void
}

export function openMarks(folder: string): Marks {
  const file = path.join(folder, `running-${process.pid}`)
  let fd: number | undefined
  const taken = new Set<number>()
  const write = (slot: number, text: string) =>
    writeSync(fd!, Buffer.from(text.padEnd(BYTES, '\n')), 0, BYTES, slot * BYTES)
  return {
    enter(who) {
      if (fd === undefined) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        fd = openSync(file, 'w', 0o600)
        opened.add(file)
      }
      let slot = 0
      while (taken.has(slot)) slot++
      if (slot >= SLOTS) return () => {}
      taken.add(slot)
      write(slot, JSON.stringify(who).slice(0, BYTES - 1))
      return () => {
        taken.delete(slot)
        if (fd !== undefined) write(slot, '')
      }
    },
    close() {
      if (fd === undefined) return
      closeSync(fd)
      fd = undefined
      rmSync(file, { force: true })
      opened.delete(file)
    },
  }
}

/** Who was at work when processes of this desk died; read once, then forgotten. */
export function takeDeaths(folder: string): Who[] {
  const found: Who[] = []
  for (const name of listed(folder)) {
    const pid = Number(/^running-(\d+)$/.exec(name)?.[1])
    // In a container every process has the same number: the file of this one is not opened before its first filter.
    if (!pid || (pid === process.pid ? opened.has(path.join(folder, name)) : isAlive(pid))) continue
    const file = path.join(folder, `taken-${process.pid}`)
    try {
      // Of several processes that start at once one counts it.
      renameSync(path.join(folder, name), file)
    } catch {
      continue
    }
    for (const line of readFileSync(file, 'utf8').split('\n'))
      try {
        if (line !== '') found.push(JSON.parse(line) as Who)
      } catch {
        // Written halfway.
      }
    rmSync(file, { force: true })
  }
  return found
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
