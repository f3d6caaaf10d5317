// What an administrator does with whole stores: compare with the database, and move to another place.
import type { Reader } from '../db/types.js'
import { type Blobs, hashOf, inTurns, isDamage } from './blobs.js'
import { referenced } from './references.js'

/** Told of each blob that is not as it should be. */
export type Tell = (hash: string, what: string) => void

/** Each may be as large as the largest mail, and is in memory as a whole. */
const AT_ONCE = 4

export interface Found {
  referenced: number
  missing: number
  wrong: number
  /** In the store, and no row refers to it. */
  unreferenced: number
  trash: number
}

/** Reads every blob that a row refers to. */
export async function checkBlobs(r: Reader, blobs: Blobs, tell: Tell): Promise<Found> {
  // Before the rows: what is put and committed meanwhile is not counted as unreferenced.
  const there = new Set<string>()
  for await (const { hash } of blobs.upkeep.list()) there.add(hash)
  const hashes = await referenced(r)
  const found: Found = { referenced: hashes.size, missing: 0, wrong: 0, unreferenced: 0, trash: 0 }
  for (const hash of there) if (!hashes.has(hash)) found.unreferenced++
  for await (const _ of blobs.upkeep.listTrash()) found.trash++
  await inTurns(hashes, AT_ONCE, async (hash) => {
    const state = await stateOf(blobs, hash)
    if (state.kind === 'right') return
    found[state.kind]++
    tell(hash, state.kind)
  })
  return found
}

export interface Copied {
  copied: number
  /** There before, and right. */
  there: number
  /** In the source, but not with the content that its name promises. */
  wrong: number
  /** Gone from the source while this ran. */
  missing: number
}

/** Copies what the target does not have. What it has is read and compared too; run again, it goes on where it was. */
export async function copyBlobs(from: Blobs, to: Blobs, tell: Tell): Promise<Copied> {
  const done: Copied = { copied: 0, there: 0, wrong: 0, missing: 0 }
  const sizes = new Map<string, number>()
  for await (const { hash, size } of to.upkeep.list()) sizes.set(hash, size)
  const copyOne = async (hash: string, size?: number) => {
    const known = sizes.get(hash)
    if (known !== undefined && known === (size ?? known) && (await stateOf(to, hash)).kind === 'right') {
      done.there++
      return
    }
    const state = await stateOf(from, hash)
    if (state.kind !== 'right') {
      done[state.kind]++
      tell(hash, state.kind)
      return
    }
    await to.put(hash, state.bytes, known !== undefined)
    const stored = await stateOf(to, hash)
    if (stored.kind === 'right') done.copied++
    else {
      done[stored.kind]++
      tell(hash, `${stored.kind} in the target`)
    }
  }
  const kept = new Set<string>()
  await inTurns(from.upkeep.list(), AT_ONCE, async ({ hash, size }) => {
    kept.add(hash)
    await copyOne(hash, size)
  })
  // A row may still refer to it, or come to.
  const thrown = new Set<string>()
  for await (const { hash } of from.upkeep.listTrash()) if (!kept.has(hash)) thrown.add(hash)
  await inTurns(thrown, AT_ONCE, (hash) => copyOne(hash))
  return done
}

type State = { kind: 'right'; bytes: Uint8Array } | { kind: 'missing' | 'wrong' }

/** @throws when the store does not answer: then nothing is known of the blob. */
async function stateOf(blobs: Blobs, hash: string): Promise<State> {
  try {
    const bytes = await blobs.read(hash)
    return hashOf(bytes) === hash ? { kind: 'right', bytes } : { kind: 'wrong' }
  } catch (error) {
    if (!isDamage(error)) throw error
    return { kind: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'wrong' }
  }
}
