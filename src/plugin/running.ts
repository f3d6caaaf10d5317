// Which handler of which plugin runs now, across its awaits: the watchdog asks when the event loop is blocked.
import { AsyncLocalStorage } from 'node:async_hooks'

export interface Running {
  plugin: string
  /** What and where, for instance `filter createTicket/tagger`, `on ticketCreated/notify`, `job rooms.clean`. */
  handler: string
}

// Published, because the monitor asks from outside by evaluating an expression in the blocked thread; and shared,
// because a second copy of this module would otherwise hide what the first one knows.
const place = globalThis as { [key: symbol]: AsyncLocalStorage<Running> | undefined }
const running = (place[Symbol.for('frontdesk.plugin.running')] ??= new AsyncLocalStorage<Running>())

/** What the monitor evaluates in a paused frame. */
export const WHO_RUNS = "globalThis[Symbol.for('frontdesk.plugin.running')]?.getStore()"

/** Runs `run` and all that it waits for in the name of a handler. */
export const runAs = <R>(who: Running, run: () => R): R => running.run(who, run)

export const whoRuns = (): Running | undefined => running.getStore()
