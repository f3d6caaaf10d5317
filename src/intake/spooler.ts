// Takes the spool in order: receive, commit, and only then unlink. What cannot be taken now stays where it is.
import { readFile } from 'node:fs/promises'
import { isDeskError } from '../errors.js'
import type { EngineLog } from '../jobs/engine.js'
import { type ReceiveDeps, receive } from './receive.js'
import type { Spool, SpoolEntry } from './spool.js'

const BATCH_FILES = 64
const BATCH_BYTES = 32 * 1024 * 1024
const PAUSE_MS = 200

export interface Spooler {
  start(): void
  stop(): Promise<void>
  /** Takes what is there now; for tests and commands. */
  drain(): Promise<number>
}

export function createSpooler(deps: ReceiveDeps & { spool: Spool; log: EngineLog }): Spooler {
  const { spool, log } = deps
  let watcher: { close(): void } | undefined
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  let away = false
  const stuck = new Set<string>()
  const complained = new Set<string>()

  function ring() {
    if (stopped) return
    again = true
    running ??= (async () => {
      while (again && !stopped) {
        again = false
        await drain()
      }
    })()
      .catch((error) => log.error({ err: error }, 'the spool could not be taken; it is tried again'))
      .finally(() => {
        running = undefined
        // The watcher rings every two seconds while something waits.
        if (again) setTimeout(ring, PAUSE_MS).unref()
      })
  }

  async function drain(): Promise<number> {
    let taken = 0
    const entries = await spool.list()
    if (stuck.size > 0) await remove(entries.filter(({ name }) => stuck.has(name)))
    for (const batch of batches(entries.filter(({ name }) => !stuck.has(name)))) {
      if (stopped) break
      const count = await takeBatch(batch)
      if (count === undefined) break
      taken += count
    }
    return taken
  }

  /** What is committed and cannot be taken away (a disk that became read-only) is not received a second time. */
  async function remove(batch: readonly SpoolEntry[]) {
    const names = batch.map(({ name }) => name)
    try {
      await spool.remove(names)
      for (const name of names) stuck.delete(name)
    } catch (error) {
      for (const name of names) stuck.add(name)
      complain(names[0]!, error, 'mails that are safe in the database could not be taken out of the spool')
    }
  }

  const answers = () =>
    deps.blobs.check().then(
      () => true,
      () => false,
    )

  /** Once for each mail: the spool is looked at every two seconds. */
  function complain(mail: string, error: unknown, message: string) {
    if (!complained.has(mail)) log.error({ err: error, mail }, message)
    complained.add(mail)
  }

  /** @returns undefined when the store of the blobs is away: the others would only wait for it one after the other. */
  async function takeBatch(batch: SpoolEntry[]): Promise<number | undefined> {
    try {
      await take(deps, batch)
      away = false
      await remove(batch)
      return batch.length
    } catch (error) {
      if (isDeskError(error) && error.code === 'blob_unavailable' && !(await answers())) {
        if (!away) log.error({ err: error }, 'the store of raw mail is away; mail waits in the spool')
        away = true
        return undefined
      }
      if (batch.length === 1) {
        complain(batch[0]!.name, error, 'a mail in the spool could not be taken; it stays there')
        return 0
      }
      // One bad file must not hold back the others.
      let taken = 0
      for (const entry of batch) {
        const count = await takeBatch([entry])
        if (count === undefined) return undefined
        taken += count
      }
      return taken
    }
  }

  return {
    start() {
      watcher = spool.watch(ring)
      ring()
    },
    async stop() {
      stopped = true
      watcher?.close()
      await running
    },
    drain,
  }
}

async function take(deps: ReceiveDeps, batch: readonly SpoolEntry[]) {
  const arrivals = await Promise.all(
    batch.map(async ({ path, inbox, arrivedAt }) => ({
      raw: await readFile(path),
      path,
      address: inbox,
      channel: 'email',
      receivedAt: arrivedAt,
    })),
  )
  await receive(deps, arrivals)
}

function* batches(entries: readonly SpoolEntry[]): Generator<SpoolEntry[]> {
  let batch: SpoolEntry[] = []
  let bytes = 0
  for (const entry of entries) {
    if (batch.length > 0 && (batch.length >= BATCH_FILES || bytes + entry.size > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(entry)
    bytes += entry.size
  }
  if (batch.length > 0) yield batch
}
