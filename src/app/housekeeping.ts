// The recurring job that takes away what nobody needs any more.
import { and, isNull, lte } from 'drizzle-orm'
import { after, DAY, HOUR } from '../clock.js'
import type { Db } from '../db/types.js'
import { dropOldAnswers } from '../http/idempotency.js'
import type { Spool } from '../intake/spool.js'
import { defineJob, type JobHandler } from '../jobs/types.js'
import { dropOldAgentMails } from '../outbound/agent-mail.js'
import { dropFull } from '../people/limits.js'
import { dropOldLiveTickets } from '../people/live-tickets.js'
import { dropExpired } from '../people/tokens.js'

export const housekeeping = defineJob<Record<string, never>>('housekeeping', { every: HOUR })

export function housekeepingHandler({
  db,
  spool,
}: {
  db: Db
  spool: Spool
}): JobHandler<Record<string, never>> {
  return {
    type: housekeeping,
    async run(job) {
      await spool.sweepTmp()
      await db.transaction(async (tx) => {
        await dropOldAnswers(tx)
        await dropExpired(tx)
        await dropOldLiveTickets(tx)
        await dropFull(tx)
        await dropOldAgentMails(tx)
        const { attachments } = tx.t
        await tx
          .delete(attachments)
          .where(and(isNull(attachments.messageId), lte(attachments.createdAt, after(tx.now, -DAY))))
        await job.complete(tx)
      })
    },
  }
}
