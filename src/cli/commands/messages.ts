// frontdesk messages --jsonl: one line per stored message, for administrators' scripts.
import { asc, eq, gt } from 'drizzle-orm'
import { type Command, plain, plainJson, say } from '../command.js'
import { withDb } from '../desk.js'

const PAGE = 1000

export const messages: Command = {
  name: 'messages',
  usage: 'messages [--jsonl]',
  summary: 'List every stored message: id, ticket number, inbox, direction, subject.',
  options: { jsonl: { type: 'boolean' } },
  async run({ values, config }) {
    await withDb(config, async (db) => {
      const { messages, tickets, inboxes } = db.t
      for (let last = ''; ; ) {
        const rows = await db
          .select({
            id: messages.id,
            ticket: tickets.number,
            inbox: inboxes.address,
            direction: messages.direction,
            subject: messages.subject,
          })
          .from(messages)
          .innerJoin(tickets, eq(tickets.id, messages.ticketId))
          .innerJoin(inboxes, eq(inboxes.id, tickets.inboxId))
          .where(gt(messages.id, last))
          .orderBy(asc(messages.id))
          .limit(PAGE)
        for (const row of rows)
          say(
            values.jsonl
              ? plainJson(row)
              : Object.values(row)
                  .map((value) => plain(String(value)))
                  .join('\t'),
          )
        const end = rows.at(-1)
        if (!end || rows.length < PAGE) return
        last = end.id
      }
    })
    return 0
  },
}
