// Tells the server that mail waits. fs.watch can miss events or be refused (no inotify watches left, network disk),
// so a slow look at the folder stands behind it.
import { type FSWatcher, watch } from 'node:fs'
import { opendir } from 'node:fs/promises'

const pollMs = 2000
const settleMs = 10

export function watchFolder(folder: string, onNew: () => void): { close(): void } {
  let closed = false
  let soon: NodeJS.Timeout | undefined

  async function ringIfSomethingWaits(): Promise<void> {
    soon = undefined
    if ((await isEmpty(folder)) || closed) return
    onNew()
  }
  // One mail makes several events, and the server's own removals make some too.
  const onEvent = (): void => {
    soon ??= setTimeout(ringIfSomethingWaits, settleMs).unref()
  }
  const watcher = tryWatch(folder, onEvent)
  const poll = setInterval(onEvent, pollMs).unref()

  return {
    close() {
      closed = true
      watcher?.close()
      clearInterval(poll)
      clearTimeout(soon)
    },
  }
}

function tryWatch(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent)
    return watcher.on('error', () => watcher.close())
  } catch {
    return undefined
  }
}

/** A folder that cannot be read rings too: list() then fails and says why. */
async function isEmpty(folder: string): Promise<boolean> {
  try {
    const dir = await opendir(folder)
    const first = await dir.read()
    await dir.close()
    return first === null
  } catch {
    return false
  }
}
