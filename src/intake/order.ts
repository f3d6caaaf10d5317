// Mails are parsed side by side but stored in order of arrival where the order matters: those of one sender, and
// an answer after what it answers.

export interface Place {
  /** Resolves when everybody who came earlier under one of these keys (and one's own) has left. */
  turn(more?: readonly string[]): Promise<void>
  leave(): void
}

export interface Line {
  /** Takes the next place; call it before anything is awaited. */
  join(keys: readonly string[]): Place
}

interface Waiting {
  position: number
  gone: Promise<void>
}

export function createLine(): Line {
  const holders = new Map<string, Set<Waiting>>()
  let next = 0
  return {
    join(keys) {
      let leave!: () => void
      const gone = new Promise<void>((resolve) => {
        leave = resolve
      })
      const self: Waiting = { position: next++, gone }
      for (const key of keys) holders.set(key, (holders.get(key) ?? new Set()).add(self))
      return {
        async turn(more = []) {
          const before = [...keys, ...more].flatMap((key) => [...(holders.get(key) ?? [])])
          await Promise.all(
            before.filter(({ position }) => position < self.position).map((other) => other.gone),
          )
        },
        leave() {
          for (const key of keys) {
            const set = holders.get(key)
            set?.delete(self)
            if (set?.size === 0) holders.delete(key)
          }
          leave()
        },
      }
    },
  }
}
