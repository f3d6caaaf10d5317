// The versions of calendars, laid out for the engine. Those of a calendar that was deleted explain old timers still.
import { and, asc, eq, inArray, or } from 'drizzle-orm'
import type { PluginReader } from 'frontdesk/plugin'
import type { App } from '../app.js'
import { OpenHours } from '../engine/clock.js'
import { Kept } from '../kept.js'
import type { Calendars, CalendarVersion } from '../policy/rules.js'

const MOST_KEPT = 2000

export class CalendarVersions {
  readonly #kept = new Kept<OpenHours>(MOST_KEPT)

  constructor(readonly app: App) {}

  /** All versions of these calendars. */
  async of(r: PluginReader, ids: Iterable<string>): Promise<Calendars> {
    const wanted = [...new Set(ids)]
    const { calendars, calendarVersions: versions } = this.app.tables
    const refs =
      wanted.length === 0
        ? []
        : await r
            .select({
              id: versions.calendarId,
              version: versions.version,
              at: versions.at,
              name: calendars.name,
            })
            .from(versions)
            .leftJoin(calendars, eq(calendars.id, versions.calendarId))
            .where(inArray(versions.calendarId, wanted))
            .orderBy(asc(versions.calendarId), asc(versions.version))
    const keyOf = ({ id, version, at }: Ref) => `${id}:${version}:${at.getTime()}`
    const clocks = await this.#kept.all(refs, keyOf, async (missing) => this.#load(r, missing, keyOf))
    const found = new Map<string, CalendarVersion[]>()
    refs.forEach(({ id, version, at, name }, i) => {
      const list = found.get(id) ?? []
      list.push({ version, at: at.getTime(), calendar: { id, name: name ?? id, version, clock: clocks[i]! } })
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
