// The names of what reports group by. What is gone has none, and is shown by its id.
import type { App } from '../app.js'
import type { Books } from '../policy/books.js'
import type { Group } from './query.js'

export interface Names {
  of(group: Group, id: string | null): string | null
}

export async function readNames({ desk, db }: App, books: Books): Promise<Names> {
  const named = (rows: readonly { id: string; name: string }[]) =>
    new Map(rows.map(({ id, name }) => [id, name]))
  const names: Record<Exclude<Group, 'channel'>, ReadonlyMap<string, string>> = {
    policy: named((await books.newest(db)).policies),
    team: named(await desk.teams(db)),
    agent: named(await desk.agents(db)),
    inbox: new Map((await desk.inboxes(db)).map(({ id, name, address }) => [id, name || address])),
  }
  return {
    of: (group, id) => (id === null || group === 'channel' ? id : (names[group].get(id) ?? null)),
  }
}
