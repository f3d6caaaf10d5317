// After-commit notices inside one process: who asked to hear of a topic hears of it.
import type { Topic } from './types.js'

export function createAnnouncer() {
  const listeners = new Map<Topic, ((value?: Date) => void)[]>()
  return {
    on(topic: Topic, listener: (value?: Date) => void) {
      listeners.set(topic, [...(listeners.get(topic) ?? []), listener])
    },
    tell(notices: readonly [Topic, Date | undefined][]) {
      for (const [topic, value] of notices) for (const listener of listeners.get(topic) ?? []) listener(value)
    },
  }
}

export type Announcer = ReturnType<typeof createAnnouncer>
