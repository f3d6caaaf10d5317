// After-commit notices inside one process: who asked to hear of a topic hears of it.
import { AsyncResource } from 'node:async_hooks'
import type { Notice, Notices, Topic } from './types.js'

export function createAnnouncer() {
  const listeners = new Map<Topic, ((...value: unknown[]) => void)[]>()
  return {
    on<T extends Topic>(topic: T, listener: (...value: Notices[T]) => void) {
      // In the context of whoever listens: what it starts must not count as started by whoever committed.
      const bound = AsyncResource.bind(listener) as (...value: unknown[]) => void
      listeners.set(topic, [...(listeners.get(topic) ?? []), bound])
    },
    tell(notices: readonly Notice[]) {
      for (const [topic, ...value] of notices)
        for (const listener of listeners.get(topic) ?? []) listener(...value)
    },
  }
}

export type Announcer = ReturnType<typeof createAnnouncer>
