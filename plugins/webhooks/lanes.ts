// How many requests to one endpoint run at once in this process. Without it one slow receiver takes all slots.
import { after, MINUTE } from 'frontdesk/plugin'

const MOST = 2
/** What a request is thought to take before one was measured. */
const FIRST_GUESS_MS = 100
const LONGEST_WAIT = MINUTE

interface Lane {
  taken: number
  /** How long a request takes, the latest counting most. */
  usualMs: number
  /** Until when the turns are given away. */
  givenUntil: number
}

export interface Lanes {
  /** @returns false: all taken; come again at `turn`. */
  enter(endpointId: string, isFailing: boolean): boolean
  leave(endpointId: string, tookMs: number): void
  /**
   * When there may be room: everybody gets a turn of their own, as fast as the receiver is. Coming again by guess, a
   * thousand that wait for a slow receiver would keep the database busy with nothing but waiting.
   */
  turn(endpointId: string, now: Date): Date
}

export function createLanes(): Lanes {
  const lanes = new Map<string, Lane>()
  const laneOf = (id: string): Lane => {
    const lane = lanes.get(id) ?? { taken: 0, usualMs: FIRST_GUESS_MS, givenUntil: 0 }
    lanes.set(id, lane)
    return lane
  }
  return {
    enter(endpointId, isFailing) {
      const lane = laneOf(endpointId)
      // One that fails is probably slow to fail: a second request would learn nothing new.
      if (lane.taken >= (isFailing ? 1 : MOST)) return false
      lane.taken++
      return true
    },
    leave(endpointId, tookMs) {
      const lane = laneOf(endpointId)
      lane.taken--
      lane.usualMs = lane.usualMs * 0.7 + tookMs * 0.3
    },
    turn(endpointId, now) {
      const lane = laneOf(endpointId)
      const from = now.getTime()
      const next = Math.max(lane.givenUntil, from) + lane.usualMs / MOST + 1
      // Not further ahead: a receiver that recovers should not wait for turns given away while it was slow.
      if (next > from + LONGEST_WAIT) return after(now, (LONGEST_WAIT * (1 + Math.random())) / 2)
      lane.givenUntil = next
      return new Date(Math.ceil(next))
    },
  }
}
