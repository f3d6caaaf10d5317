// Whether a policy makes sense on this desk: every mistake at once, each with its field.
import { and, eq, isNull } from 'drizzle-orm'
import { fail, type PluginReader } from 'frontdesk/plugin'
import type { App } from '../app.js'
import { lengthOf } from './duration.js'
import { knownFor, unknownIn } from './known.js'
import { type Policy, targetsIn } from './policy.js'
import type { Step, Target } from './target.js'

export interface Mistake {
  field: string
  message: string
}

const STATUSES = ['new', 'open', 'pending', 'solved', 'closed']

/**
 * @param given what of it is new: the rest may name what is gone since, and must not stand in the way of another change.
 * @throws DeskError `invalid_request`.
 */
export async function checkPolicy(
  app: App,
  r: PluginReader,
  policy: Policy,
  others: readonly Policy[],
  given: object = policy,
): Promise<void> {
  const mistakes = [
    ...(others.some(({ id, name }) => id !== policy.id && name === policy.name)
      ? [{ field: 'body/name', message: 'there is a policy of this name already' }]
      : []),
    ...mistakesOf(policy, 'body'),
    ...(await checkCalendar(app, r, policy.calendarId)),
    ...unknownIn(policy, await knownFor(app, r), 'body'),
  ]
  refuse(mistakes.filter(({ field }) => field.split('/')[1]! in given))
}

/** Those that can be seen without the desk. @param at where the policy stands in the body. */
export const mistakesOf = (policy: Policy, at: string): Mistake[] =>
  targetsIn(policy, at).flatMap(([place, targets]) => checkTargets(targets, place))

/** @throws DeskError `invalid_request`, where there are any. */
export function refuse(mistakes: readonly Mistake[]): void {
  if (mistakes.length === 0) return
  const text = mistakes.map(({ field, message }) => `${field}: ${message}`).join('; ')
  throw fail('invalid_request', text, { errors: [...mistakes] })
}

function checkTargets(targets: readonly Target[], field: string): Mistake[] {
  return targets.flatMap((target, i) => {
    const at = `${field}/${i}`
    const length = lengthOf(target.within, WEEK)
    const twice = targets.findIndex(({ metric }) => metric === target.metric) < i
    return [
      ...(twice ? [{ field: `${at}/metric`, message: `there are two targets for ${target.metric}` }] : []),
      ...(length && length.ms > 0
        ? []
        : [
            { field: `${at}/within`, message: 'write `4 hours`, `30 business minutes` or `2 business days`' },
          ]),
      ...(target.pauseWhile ?? [])
        .filter((hold) => !STATUSES.includes(hold) && !hold.startsWith('tag:'))
        .map((hold) => ({
          field: `${at}/pauseWhile`,
          message: `"${hold}" is neither a status (${STATUSES.join(', ')}) nor tag:NAME`,
        })),
      ...(target.steps ?? []).flatMap((step, j) =>
        checkStep(step, target, length?.business ?? false, `${at}/steps/${j}`, j),
      ),
    ]
  })
}

function checkStep(step: Step, target: Target, business: boolean, field: string, index: number): Mistake[] {
  const offset = lengthOf(step.at, WEEK)
  if (!offset)
    return [{ field: `${field}/at`, message: 'write `-60 business minutes`, `0 minutes` or `2 hours`' }]
  if (offset.business && !business)
    return [
      {
        field: `${field}/at`,
        message: `the target (${target.within}) runs around the clock, so its steps do too: leave out "business"`,
      },
    ]
  const first = (target.steps ?? []).findIndex(({ name }) => name === step.name)
  return first < index ? [{ field: `${field}/name`, message: `there are two steps "${step.name}"` }] : []
}

/** Only whether a length can be read is asked here; how long a business day is, the calendar says. */
const WEEK = { timeZone: 'UTC', hours: {}, closed: {}, closedYearly: {}, breaks: {} }

async function checkCalendar(
  { tables: { calendars } }: App,
  r: PluginReader,
  id: string,
): Promise<Mistake[]> {
  const found = await r
    .select({ id: calendars.id })
    .from(calendars)
    .where(and(eq(calendars.id, id), isNull(calendars.deletedAt)))
  return found.length > 0 ? [] : [{ field: 'body/calendarId', message: 'there is no such calendar' }]
}
