// The versions of calendars, laid out for the engine. Those of a calendar that was deleted explain old timers still.
import { and, eq, or } from 'drizzle-orm'
import type { PluginReader } from 'frontdesk/plugin'
import type { App } from '../app.js'
import { OpenHours } from '../engine/clock.js'
import { Kept } from '../kept.js'
import type { Calendars, CalendarVersion } from '../policy/rules.js'
import type { Queries } from './queries.js'

const MOST_KEPT = 2000

export class CalendarVersions {
  readonly #kept = new Kept<OpenHours>(MOST_KEPT)

  constructor(
    readonly app: App,
    readonly queries: Queries,
  ) {}

  /** All versions of these calendars. */
  async of(r: PluginReader, ids: Iterable<string>): Promise<Calendars> {
    const refs: Ref[] = []
    const names = new Map<string, string>()
    for (const id of new Set(ids)) {
      refs.push(...(await r.run(this.queries.versions, { id })))
      const [calendar] = await r.run(this.queries.calendarName, { id })
      names.set(id, calendar?.name ?? id)
    }
    const keyOf = ({ id, version, at }: Ref) => `${id}:${version}:${at.getTime()}`
    const clocks = await this.#kept.all(refs, keyOf, async (missing) => this.#load(r, missing, keyOf))
    const found = new Map<string, CalendarVersion[]>()
    refs.forEach(({ id, version, at }, i) => {
      const list = found.get(id) ?? []
      list.push({
        version,
        at: at.getTime(),
        calendar: { id, name: names.get(id)!, version, clock: clocks[i]! },
      })
      found.set(id, list)
    })
    return (id) => found.get(id) ?? []
  }

  async #load(r: PluginReader, missing: readonly Ref[], keyOf: (ref: Ref) => string) {
    const { calendarVersions: versions } = this.app.tables
    const loaded = new Map<string, OpenHours>()
    // In portions: each is a condition of its own.
    for (let i = 0; i < missing.length; i += 100) {
      const rows = await r
        .select()
        .from(versions)
        .where(
          or(
            ...missing
              .slice(i, i + 100)
              .map(({ id, version }) => and(eq(versions.calendarId, id), eq(versions.version, version))),
          ),
        )
      for (const { calendarId: id, version, at, hours } of rows)
        loaded.set(keyOf({ id, version, at }), new OpenHours(hours))
    }
    return loaded
  }
}

interface Ref {
  readonly id: string
  readonly version: number
  readonly at: Date
}
