// What the schema of a request cannot check.
import { type Caller, fail, type PluginReader } from 'frontdesk/plugin'
import { reaches } from './access.js'
import type { Context } from './context.js'
import type { EndpointInput } from './shapes.js'
import type { Endpoint } from './tables.js'
import { parseTarget } from './target.js'

export async function check(
  { app }: Context,
  r: PluginReader,
  who: Caller,
  { url, events, inboxIds }: EndpointInput,
): Promise<void> {
  if (url !== undefined) {
    const target = parseTarget(url, app.settings())
    if (typeof target === 'string')
      throw fail('invalid_request', `The URL ${target}.`, {
        errors: [{ field: 'body/url', message: target }],
      })
  }
  const known = new Set(['*', ...app.events()])
  const strange = events?.find((event) => !known.has(event))
  if (strange !== undefined) throw unknown('events', strange)
  for (const id of inboxIds ?? [])
    if (!(who.inboxIds?.includes(id) ?? true) || !(await app.desk.inbox(r, id))) throw unknown('inboxIds', id)
}

/** After a change as before it: nobody makes a webhook that is not theirs. */
export function checkReach(who: Caller, endpoint: Pick<Endpoint, 'inboxIds'>): void {
  if (!reaches(who, endpoint))
    throw fail('forbidden', 'You see some inboxes only: name one or more of them in `inboxIds`.')
}

const unknown = (field: string, value: string) =>
  fail('unknown_reference', `There is no "${value}" for ${field}.`, {
    errors: [{ field: `body/${field}`, message: 'does not exist' }],
  })
