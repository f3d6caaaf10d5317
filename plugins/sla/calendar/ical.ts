// iCalendar from a stranger: its size and its time have an end. What is read in a moment is read here; what takes
// longer goes on in a thread, so that nobody else waits for it.
import { bounded, isOutOfTime } from './bounded.js'
import { type Content, contentOf, type ReadOptions, Unreadable } from './ical-expand.js'
import { inThread } from './ical-thread.js'

export { type Content, Unreadable } from './ical-expand.js'

const MOST_TEXT = 2 * 1024 * 1024
const MOST_EVENTS = 5000
/** More than this is not even tried here. */
const SMALL_TEXT = 200 * 1024
const MOMENT_MS = 100
const BUDGET_MS = 5000

/** @throws Unreadable */
export async function readCalendar(
  raw: string,
  { budgetMs = BUDGET_MS, ...options }: ReadOptions & { readonly budgetMs?: number },
): Promise<Content> {
  if (raw.length > MOST_TEXT) throw new Unreadable('It is larger than 2 MB.')
  const text = raw.replace(/^\ufeff/, '')
  if (!/^\s*BEGIN:VCALENDAR/i.test(text))
    throw new Unreadable('It is no iCalendar file: it does not begin with BEGIN:VCALENDAR.')
  const events = text.match(/^BEGIN:VEVENT/gim)?.length ?? 0
  if (events > MOST_EVENTS) throw new Unreadable(`It has ${events} events; at most ${MOST_EVENTS} are read.`)
  if (text.length > SMALL_TEXT) return inThread(text, options, budgetMs)
  const library = (await import('ical.js')).default
  try {
    return bounded(MOMENT_MS, () => contentOf(library, text, options))
  } catch (error) {
    if (isOutOfTime(error)) return inThread(text, options, budgetMs)
    throw error
  }
}
