// How many requests to one endpoint run at once in this process. Without it one slow receiver takes all slots.
const MOST = 2

export interface Lanes {
  /** @returns false: all taken, come again later. */
  enter(endpointId: string, isFailing: boolean): boolean
  leave(endpointId: string): void
}

export function createLanes(): Lanes {
  const taken = new Map<string, number>()
  return {
    enter(endpointId, isFailing) {
      const count = taken.get(endpointId) ?? 0
      // One that fails is probably slow to fail: a second request would learn nothing new.
      if (count >= (isFailing ? 1 : MOST)) return false
      taken.set(endpointId, count + 1)
      return true
    },
    leave(endpointId) {
      const left = (taken.get(endpointId) ?? 1) - 1
      if (left > 0) taken.set(endpointId, left)
      else taken.delete(endpointId)
    },
  }
}
