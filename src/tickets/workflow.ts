// Workflows: the stages a ticket goes through, and which may follow which, as data. Where a ticket stands is kept
// beside it; each step is a line of its timeline.
import { and, eq, sql } from 'drizzle-orm'
import { prepared, type Reader, type Tx } from '../db/types.js'
import { fail } from '../errors.js'
import type { Actor, Desk } from './desk.js'
import { lockById } from './lock.js'
import { record } from './timeline.js'
import { stageChanged } from './tokens.js'

export interface Workflow<Name extends string = string, Stage extends string = string> {
  readonly name: Name
  readonly initial: Stage
  /** Stage -> the stages that may follow it. One that nothing follows is an end. */
  readonly stages: Readonly<Record<Stage, readonly Stage[]>>
}

/**
 * @param name with the prefix of its plugin: `carp.complaint`.
 *
 * @example
 * ```ts
 * export const repair = defineWorkflow('hotel.repair', 'reported', {
 *   reported: ['ordered', 'done'],
 *   ordered: ['done'],
 *   done: [],
 * })
 * ```
 */
export const defineWorkflow = <const Name extends `${string}.${string}`, const Stage extends string>(
  name: Name,
  initial: NoInfer<Stage>,
  stages: Readonly<Record<Stage, readonly NoInfer<Stage>[]>>,
): Workflow<Name, Stage> => ({ name, initial, stages })

const stageOf = prepared<{ ticketId: string; workflow: string }, { stage: string }>(
  (q, { ticketStages: s }) =>
    q
      .select({ stage: s.stage })
      .from(s)
      .where(
        and(eq(s.ticketId, sql.placeholder('ticketId')), eq(s.workflow, sql.placeholder('workflow'))),
      ) as never,
)

export async function readStage(r: Reader, workflow: string, ticketId: string): Promise<string | null> {
  const [row] = await r.run(stageOf, { ticketId, workflow })
  return row?.stage ?? null
}

/** Every workflow the ticket is in: name -> stage. */
export async function readStages(r: Reader, ticketId: string): Promise<Record<string, string>> {
  const { ticketStages: s } = r.t
  const rows = await r.select().from(s).where(eq(s.ticketId, ticketId))
  return Object.fromEntries(rows.map(({ workflow, stage }) => [workflow, stage]))
}

/** @throws DeskError `wrong_state` where the ticket is in the workflow already. */
export async function startWorkflow(tx: Tx, desk: Desk, actor: Actor, workflow: Workflow, ticketId: string) {
  const { ticketStages: s } = tx.t
  const added = await tx
    .insert(s)
    .values({ ticketId, workflow: workflow.name, stage: workflow.initial, since: tx.now })
    .onConflictDoNothing()
    .returning({ stage: s.stage })
  if (added.length === 0) throw fail('wrong_state', `The ticket is in ${workflow.name} already.`)
  await tell(tx, desk, actor, workflow.name, ticketId, null, workflow.initial)
}

/** @throws DeskError `stage_not_next`, saying which stages may follow. */
export async function moveStage(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  workflow: Workflow,
  ticketId: string,
  to: string,
) {
  const { ticketStages: s } = tx.t
  await lockById(tx, ticketId)
  const from = await readStage(tx, workflow.name, ticketId)
  if (from === null) throw fail('wrong_state', `The ticket is not in ${workflow.name}.`)
  const next = workflow.stages[from] ?? []
  if (!next.includes(to))
    throw fail(
      'stage_not_next',
      `After "${from}" of ${workflow.name} comes ${next.length > 0 ? next.join(' or ') : 'nothing'}, not "${to}".`,
    )
  const moved = await tx
    .update(s)
    .set({ stage: to, since: tx.now })
    .where(and(eq(s.ticketId, ticketId), eq(s.workflow, workflow.name), eq(s.stage, from)))
    .returning({ stage: s.stage })
  if (moved.length === 0) throw fail('version_conflict')
  await tell(tx, desk, actor, workflow.name, ticketId, from, to)
}

async function tell(
  tx: Tx,
  desk: Desk,
  actor: Actor,
  workflow: string,
  ticketId: string,
  from: string | null,
  to: string,
) {
  await record(tx, { ticketId, type: 'stage_changed', actor, data: { workflow, from, to } })
  await desk.hooks.emit(tx, stageChanged, { ticketId, workflow, from, to })
}
