// One kind of job in the ledger as a queue of bull-board. It reads; whoever wants to act uses the API.
import { createRequire } from 'node:module'
import type { BaseAdapter } from '@bull-board/api/baseAdapter'
import type { Clock } from '../../clock.js'
import type { Db } from '../../db/types.js'
import { type JobCount, jobById, jobCounts, jobPage, type ShownState } from '../../jobs/overview.js'
import { type LedgerRow, shownJob } from './shown-job.js'

interface Deps {
  db: Db
  clock: Clock
}

type Status = ReturnType<BaseAdapter['getStatuses']>[number]

/** The board knows its own words only; `paused` is the nearest to parked. */
const STATES: Partial<Record<Status, ShownState>> = {
  active: 'running',
  waiting: 'waiting',
  delayed: 'delayed',
  failed: 'dead',
  paused: 'parked',
}

const MOST_A_PAGE = 100
/** All queues of one page share a query. */
const KEEP_MS = 1000

export function ledgerQueues(deps: Deps, kinds: readonly string[]): BaseAdapter[] {
  const counts = sharedCounts(deps)
  // The package does not name this file among its exports, and its types only as an interface.
  const require = createRequire(import.meta.url)
  const { BaseAdapter: Base } = require('@bull-board/api/dist/queueAdapters/base.js') as {
    BaseAdapter: typeof BaseAdapter
  }
  return kinds.map((kind) => ledgerQueue(Base, deps, kind, counts))
}

function sharedCounts({ db, clock }: Deps): () => Promise<JobCount[]> {
  let kept: Promise<JobCount[]> | undefined
  let until = 0
  return () => {
    const now = performance.now()
    if (!kept || now > until) {
      kept = jobCounts(db, clock.now())
      until = now + KEEP_MS
      kept.catch(() => {
        kept = undefined
      })
    }
    return kept
  }
}

const readOnly = (): never => {
  throw new Error('the dashboard is read only: use the API')
}

function ledgerQueue(
  Base: typeof BaseAdapter,
  { db, clock }: Deps,
  kind: string,
  counts: () => Promise<JobCount[]>,
): BaseAdapter {
  const show = (row: LedgerRow) => shownJob(row, clock.now())
  class LedgerQueue extends Base {
    constructor() {
      // Of those of type `bullmq` the board asks more than a table can answer, and shows an error.
      super('bull', { readOnlyMode: true, description: 'Jobs in the ledger' })
    }
    getName = () => kind
    getStatuses = () => ['latest', ...this.getJobStatuses()] as Status[]
    getJobStatuses = () => Object.keys(STATES) as ReturnType<BaseAdapter['getJobStatuses']>
    async getJobCounts() {
      const mine = (await counts()).filter(({ name }) => name === kind)
      const of = (state: ShownState) => mine.find((row) => row.state === state)?.count ?? 0
      return Object.fromEntries(
        Object.entries(STATES).map(([status, state]) => [status, of(state)]),
      ) as Awaited<ReturnType<BaseAdapter['getJobCounts']>>
    }
    async getJobs(statuses: readonly Status[], start = 0, end = start + MOST_A_PAGE - 1) {
      const limit = Math.max(0, Math.min(end - start + 1, MOST_A_PAGE))
      const states = statuses.flatMap((status) => STATES[status] ?? [])
      const pages = states.map((state) => jobPage(db, clock.now(), { name: kind, state, from: start, limit }))
      return (await Promise.all(pages)).flat().map(show)
    }
    async getJob(id: string) {
      const row = await jobById(db, kind, id)
      return row && show(row)
    }
    getJobLogs = async () => []
    getMetrics = async () => ({ meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 })
    getRedisInfo = async () => null
    isPaused = async () => false
    getJobSchedulers = async () => []
    getJobSchedulersCount = async () => 0
    getGlobalConcurrency = async () => null
    override getWorkers = async () => null
    clean = readOnly
    addJob = readOnly
    pause = readOnly
    resume = readOnly
    empty = readOnly
    obliterate = readOnly
    promoteAll = readOnly
    removeJobScheduler = readOnly
    updateJobScheduler = readOnly
    runJobSchedulerNow = readOnly
    setGlobalConcurrency = readOnly
  }
  return new LedgerQueue()
}
