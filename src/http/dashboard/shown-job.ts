// A row of the ledger as the dashboard shows it: ids and times. Texts of customers are left out, and so are reasons
// of errors, which may repeat them; `/api/jobs` has those.
import type { BaseAdapter } from '@bull-board/api/baseAdapter'
import type { JobState } from '../../db/tables/system.js'

type QueueJob = NonNullable<Awaited<ReturnType<BaseAdapter['getJob']>>>

export interface LedgerRow {
  id: string
  name: string
  data: unknown
  runAt: Date
  state: JobState
  attempts: number
  error: string | null
  createdAt: Date
}

export function shownJob(row: LedgerRow, now: Date): QueueJob {
  const delay = Math.max(0, row.runAt.getTime() - row.createdAt.getTime())
  const dead = row.state === 'dead'
  return {
    opts: { delay },
    toJSON: () => ({
      ...{ id: row.id, name: row.name, progress: 0, attemptsMade: row.attempts, delay },
      timestamp: row.createdAt.getTime(),
      processedOn: null,
      finishedOn: null,
      failedReason: row.error === null ? '' : `${dead ? 'dead' : 'failed'}: the reason is in /api/jobs`,
      stacktrace: null,
      data: { ...idsOf(row.data), runAt: row.runAt.toISOString() },
      returnvalue: null,
      opts: { delay },
    }),
    getState: async () => {
      if (row.state === 'waiting') return row.runAt > now ? 'delayed' : 'waiting'
      return ({ running: 'active', dead: 'failed', parked: 'paused' } as const)[row.state]
    },
    promote: readOnly,
    remove: readOnly,
    retry: readOnly,
  }
}

const readOnly = async (): Promise<never> => {
  throw new Error('the dashboard is read only: use the API')
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const MOST_FIELDS = 20

/** What is not an id by its form is not shown, whatever its field is called. */
function idsOf(data: unknown): Record<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return {}
  return Object.fromEntries(
    Object.entries(data)
      .slice(0, MOST_FIELDS)
      .map(([key, value]) => [key, typeof value === 'string' && UUID.test(value) ? value : '(hidden)']),
  )
}
