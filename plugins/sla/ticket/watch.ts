// What makes the plugin look at a ticket: what happens on it, its next deadline, and changes of calendars and policies.
import {
  callLogged,
  type Event,
  messageCancelled,
  messageMoved,
  messageQueued,
  messageReceived,
  type PluginTx,
  ticketCreated,
  ticketMerged,
  ticketUpdated,
} from 'frontdesk/plugin'
import type { App } from '../app.js'
import { Books } from '../policy/books.js'
import { CalendarVersions } from './calendars.js'
import { isOwn } from './history.js'
import { type Parts, plan } from './plan.js'
import type { Queries } from './queries.js'

export function watch(app: App, queries: Queries): Parts {
  const books = new Books(app, queries)
  const parts: Parts = {
    app,
    queries,
    books,
    versions: new CalendarVersions(app, queries),
    wake: app.job<{ ticketId: string }>('wake', {
      concurrency: 8,
      run: (job) =>
        app.db.transaction(async (tx) => {
          await plan(parts, tx, [job.data.ticketId])
          await job.complete(tx)
        }),
    }),
  }
  app.on(ticketCreated, 'bind', ({ ticketId }, job) =>
    app.db.transaction(async (tx) => {
      await bind(parts, tx, ticketId)
      await plan(parts, tx, [ticketId])
      await job.complete(tx)
    }),
  )
  const again = <Payload extends { ticketId: string }>(
    event: Event<Payload>,
    when?: (payload: Payload) => boolean,
  ) =>
    app.on(
      event,
      'plan',
      ({ ticketId }, job) =>
        app.db.transaction(async (tx) => {
          if (await isBehind(parts, tx, ticketId)) await plan(parts, tx, [ticketId])
          await job.complete(tx)
        }),
      when && { when: when as never },
    )
  again(messageReceived)
  again(messageQueued)
  again(messageCancelled)
  again(callLogged)
  again(ticketMerged)
  app.on(messageMoved, 'plan', ({ ticketId, fromId }, job) =>
    app.db.transaction(async (tx) => {
      await plan(parts, tx, [fromId, ticketId])
      await job.complete(tx)
    }),
  )
  // Its own fields are of no interest to itself.
  again(ticketUpdated, ({ changes }) => Object.keys(changes).some((name) => !name.startsWith('sla.')))
  return parts
}

/** New tickets come under the policies of the instant at which they were opened. */
async function bind({ app, books }: Parts, tx: PluginTx, ticketId: string): Promise<void> {
  const ticket = await app.desk.ticket(tx, ticketId)
  if (!ticket) return
  const all = await books.since(tx, 0)
  const book = all.findLast(({ at }) => at <= ticket.createdAt.getTime()) ?? all[0]
  await tx
    .insert(app.tables.tickets)
    .values({
      ticketId,
      number: ticket.number,
      revision: book?.revision ?? 0,
      boundAt: ticket.createdAt,
      seq: 0,
      policyId: null,
      open: true,
    })
    .onConflictDoNothing()
}

/** Several events of one commit lead to one look. */
async function isBehind({ app, queries }: Parts, tx: PluginTx, ticketId: string): Promise<boolean> {
  const [row] = await tx.run(queries.row, { id: ticketId })
  if (!row) return false
  const later = await app.desk.timeline(tx, ticketId, { since: row.seq, limit: 200 })
  return !later.every(isOwn)
}
