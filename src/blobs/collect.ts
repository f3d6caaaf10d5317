// Takes away blobs that no row refers to, in two steps, so that none is lost to somebody who puts the same content at
// that moment: docs/decisions/0017 has the proof. The first run moves it into the trash, where it is still found by
// readers and no longer by those who put; a run at least three days later looks at the rows again, and erases it or
// brings it back.
import { after, type Clock, DAY } from '../clock.js'
import type { Reader } from '../db/types.js'
import { type Blobs, inTurns, type Trash } from './blobs.js'
import { referenced } from './references.js'

/** So young, it may wait for its row to be committed. Saves the way through the trash; safety does not rest on it. */
const YOUNG_MS = 2 * DAY
/** Longer than anybody may take from put to commit (two days), and a day for clocks that differ. */
const TRASH_MS = 3 * DAY
const AT_ONCE = 8

export interface Collected {
  discarded: number
  restored: number
  erased: number
  /** Old blobs without a row, when they were so many that nothing was done. */
  doubted: number
}

/** @param force also when more than half of all is garbage: usually that is the wrong database, or the wrong bucket. */
export async function collectBlobs(
  r: Reader,
  blobs: Blobs,
  clock: Clock,
  force: boolean,
): Promise<Collected> {
  const { upkeep } = blobs
  // Before the rows are read, so that the rows are younger than every decision on them.
  const now = clock.now()
  const old: string[] = []
  let all = 0
  for await (const { hash, changedAt } of upkeep.list()) {
    all++
    if (changedAt < after(now, -YOUNG_MS)) old.push(hash)
  }
  const trash: Trash[] = []
  for await (const one of upkeep.listTrash()) trash.push(one)
  const hashes = await referenced(r)
  const done: Collected = { discarded: 0, restored: 0, erased: 0, doubted: 0 }
  const garbage = old.filter((hash) => !hashes.has(hash))
  if (!force && garbage.length * 2 > all) return { ...done, doubted: garbage.length }
  await inTurns(trash, AT_ONCE, async (one) => {
    if (hashes.has(one.hash)) {
      await upkeep.restore(one)
      done.restored++
    } else if (one.since < after(now, -TRASH_MS)) {
      await upkeep.erase(one)
      done.erased++
    }
  })
  await inTurns(garbage, AT_ONCE, async (hash) => {
    await upkeep.discard(hash, clock.now())
    done.discarded++
  })
  return done
}
