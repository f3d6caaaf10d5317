// A database of either kind for one test, closed at its end.
import type { Test } from 'tap'
import type { Clock } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import {
  type DatabaseName,
  type ManualClock,
  manualClock,
  openTestDatabase,
  tempDir,
} from '../../src/testing/index.js'

export const DATABASES: readonly DatabaseName[] = ['sqlite', 'postgres']

export async function openDb(t: Test, name: DatabaseName, clock: Clock): Promise<Db> {
  const { dir, remove } = tempDir()
  const db = await openTestDatabase(name, dir, clock)
  t.teardown(async () => {
    await db.close()
    remove()
  })
  return db
}

export async function openManual(t: Test, name: DatabaseName): Promise<{ db: Db; clock: ManualClock }> {
  const clock = manualClock()
  return { db: await openDb(t, name, clock), clock }
}

/** A folder that is gone after the test. */
export function folder(t: Test): string {
  const { dir, remove } = tempDir()
  t.teardown(remove)
  return dir
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits for what must happen some time; generous, because it only has to happen. */
export async function until(what: () => boolean | Promise<boolean>, ms = 60_000): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await pause(5)) if (await what()) return true
  return what()
}

/** A promise that somebody else resolves. */
export function gate(): { open(): void; passed: Promise<void> } {
  let open!: () => void
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}
