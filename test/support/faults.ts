// Disks and databases whose n-th call fails: SQLite's own method, n = 1, 2, 3 … until a run without a fault.
import * as realFs from 'node:fs/promises'
import path from 'node:path'
import SqliteDriver from 'better-sqlite3'

/** Counts calls and fails the n-th; 0: none. */
export interface Fault {
  n: number
  calls: number
  /** What was hit. */
  hit: string | null
  /** Where a call can fail before it did anything, or after it did all (the answer was lost). */
  late: boolean
}

export const fault = (n: number, late = false): Fault => ({ n, calls: 0, hit: null, late })

function isHit(at: Fault, what: string): boolean {
  if (++at.calls !== at.n) return false
  at.hit = what
  return true
}

const ioError = (what: string) => Object.assign(new Error(`EIO: simulated in ${what}`), { code: 'EIO' })

/** Every call of a file system, and of the handles it opens. */
export function faultyFs(at: Fault, base: object = realFs): typeof realFs {
  const wrap = <T extends object>(owner: T): T =>
    new Proxy(owner, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          const what = String(key)
          const hit = isHit(at, what)
          // A file that could not be closed is closed all the same, or the test would run out of them.
          if (hit && !at.late && what !== 'close') throw ioError(what)
          const result = await value.apply(target, args)
          if (hit && what === 'open') await result.close()
          if (hit) throw ioError(what)
          return what === 'open' ? wrap(result) : result
        }
      },
    })
  return wrap({ ...base }) as typeof realFs
}

/** For `connect` of openSqlite: every statement of every connection counts. */
export function faultySqlite(at: Fault, only?: RegExp) {
  return (file: string, options?: SqliteDriver.Options): SqliteDriver.Database => {
    const db = new SqliteDriver(file, options)
    const prepare = db.prepare.bind(db)
    db.prepare = ((source: string) => {
      const statement = prepare(source)
      for (const way of ['run', 'all', 'get'] as const) {
        const call = statement[way].bind(statement) as (...args: unknown[]) => unknown
        statement[way] = ((...args: unknown[]) => {
          const hit = (!only || only.test(source)) && isHit(at, source)
          const ended = hit && at.late && source !== 'BEGIN IMMEDIATE' ? call(...args) : undefined
          if (hit) throw new SqliteDriver.SqliteError(`simulated in ${source}`, 'SQLITE_IOERR')
          return ended ?? call(...args)
        }) as never
      }
      return statement
    }) as never
    return db
  }
}

/** A disk that at a power cut forgets each name whose folder was not synced since it was made, and unsynced files. */
export function forgetfulFs(): { fs: typeof realFs; cut(): Promise<void> } {
  const volatile = new Set<string>()
  const handleOf = (handle: realFs.FileHandle, file: string) =>
    new Proxy(handle, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          const result = await value.apply(target, args)
          if (key === 'writeFile') volatile.add(`${file}\0bytes`)
          if (key === 'sync' || key === 'datasync') {
            volatile.delete(`${file}\0bytes`)
            for (const name of volatile) if (path.dirname(name) === file) volatile.delete(name)
          }
          return result
        }
      },
    })
  const fs = {
    ...realFs,
    async open(file: string, flags: string, mode?: number) {
      const handle = await realFs.open(file, flags, mode)
      if (flags !== 'r') volatile.add(file)
      return handleOf(handle, file)
    },
    async mkdir(folder: string, options: { recursive: true }) {
      const first = await realFs.mkdir(folder, options)
      for (let at = folder; first && at.length >= first.length; at = path.dirname(at)) volatile.add(at)
      return first
    },
    async link(from: string, to: string) {
      await realFs.link(from, to)
      volatile.add(to)
      if (volatile.has(`${from}\0bytes`)) volatile.add(`${to}\0bytes`)
    },
    async rename(from: string, to: string) {
      await realFs.rename(from, to)
      volatile.delete(from)
      volatile.add(to)
      if (volatile.delete(`${from}\0bytes`)) volatile.add(`${to}\0bytes`)
    },
  } as unknown as typeof realFs
  return {
    fs,
    async cut() {
      for (const name of volatile)
        await realFs.rm(name.replace('\0bytes', ''), { recursive: true, force: true })
    },
  }
}
