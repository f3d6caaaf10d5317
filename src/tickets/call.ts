// A phone call, as the one who had it logs it: a message that agents see, with what was said. It changes nothing else of
// the ticket: whether the matter is open again is for the agent to say.
import { eq, sql } from 'drizzle-orm'
import { after, DAY, newId, SECOND } from '../clock.js'
import type { Tx } from '../db/types.js'
import { fail } from '../errors.js'
import type { Ticket } from './create.js'
import type { Actor, Desk } from './desk.js'
import { lockById } from './lock.js'
import { insertMessage } from './messages.js'
import { record } from './timeline.js'
import { type CallDirection, callLogged } from './tokens.js'

export interface CallInput {
  direction: CallDirection
  /** Somebody was reached. */
  answered: boolean
  /** Default: so long ago that it has ended now. */
  startedAt?: Date
  seconds?: number
  /** What was said. */
  text?: string
}

/** Older ones are mistakes of whoever typed them: nobody remembers what was said. */
const OLDEST = 30 * DAY

/**
 * @param field where the call stands in the request, for the errors.
 * @returns the id of the message.
 * @throws DeskError `invalid_request` for a start in the future or longer than 30 days ago.
 */
export async function logCall(
  tx: Tx,
  desk: Desk,
  author: Actor,
  ticket: Ticket,
  { direction, answered, startedAt, seconds, text = '' }: CallInput,
  field = 'body',
): Promise<string> {
  const start = startedAt ?? after(tx.now, -(seconds ?? 0) * SECOND)
  checkStart(tx.now, start, `${field}/startedAt`)
  await lockById(tx, ticket.id)
  const id = newId()
  await insertMessage(tx, {
    id,
    ticketId: ticket.id,
    direction: 'note',
    channel: 'phone',
    agentId: author.kind === 'agent' ? author.id : null,
    subject: '',
    text,
    date: start,
  })
  await tx
    .update(tx.t.tickets)
    .set({ version: sql`${tx.t.tickets.version} + 1`, updatedAt: tx.now })
    .where(eq(tx.t.tickets.id, ticket.id))
  const data = { direction, answered, seconds: seconds ?? null, startedAt: start.toISOString() }
  await record(tx, { ticketId: ticket.id, type: 'call_logged', actor: author, messageId: id, data })
  await desk.hooks.emit(tx, callLogged, { ticketId: ticket.id, messageId: id, direction, answered })
  return id
}

function checkStart(now: Date, start: Date, field: string) {
  const message =
    start > now ? 'lies in the future' : start < after(now, -OLDEST) ? 'is more than 30 days ago' : undefined
  if (message) throw fail('invalid_request', undefined, { errors: [{ field, message }] })
}
