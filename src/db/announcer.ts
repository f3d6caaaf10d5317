// After-commit notices inside one process: who asked to hear of a topic hears of it.
import { AsyncResource } from 'node:async_hooks'
import type { Topic } from './types.js'

export function createAnnouncer() {
  const listeners = new Map<Topic, ((value?: Date) => void)[]>()
  return {
    on(topic: Topic, listener: (value?: Date) => void) {
      // In the context of whoever listens: what it starts must not count as started by whoever committed.
      listeners.set(topic, [...(listeners.get(topic) ?? []), AsyncResource.bind(listener)])
    },
    tell(notices: readonly [Topic, Date | undefined][]) {
      for (const [topic, value] of notices) for (const listener of listeners.get(topic) ?? []) listener(value)
    },
  }
}

export type Announcer = ReturnType<typeof createAnnouncer>
