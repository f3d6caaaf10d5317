// A queue of BullMQ as the dashboard shows it: jobs carry ids only, and whatever else stands there is not for this page.
import type { BaseAdapter } from '@bull-board/api/baseAdapter'
import { SECOND, within } from '../../clock.js'

type QueueJob = NonNullable<Awaited<ReturnType<BaseAdapter['getJob']>>>

export function masked<Adapter extends BaseAdapter>(adapter: Adapter): Adapter {
  for (const field of ['data', 'returnValue', 'progress'] as const)
    adapter.setFormatter(field, () => undefined)
  const { getJob, getJobs } = adapter
  adapter.getJob = async (id) => {
    const job = await getJob.call(adapter, id)
    return job && withoutReason(job)
  }
  adapter.getJobs = async (...page) => (await getJobs.apply(adapter, page)).map(withoutReason)
  adapter.getJobLogs = async () => []
  adapter.getJobSchedulers = async () => []
  // Without Redis one such queue would take the whole board down: it is left out until Redis answers.
  adapter.setVisibilityGuard((() => answers(adapter)) as never)
  return adapter
}

const PATIENCE_MS = SECOND

const answers = (adapter: BaseAdapter) =>
  within(PATIENCE_MS, async () => adapter.isPaused()).then(
    () => true,
    () => false,
  )

/** Reasons of errors, and the lines of a stack, may repeat what a customer wrote. */
function withoutReason(job: QueueJob): QueueJob {
  const whole = job.toJSON.bind(job)
  job.toJSON = () => {
    const { deferredFailure: _, ...json } = whole()
    const failedReason = json.failedReason ? 'failed: the reason is in /api/jobs' : ''
    return { ...json, failedReason, stacktrace: [] }
  }
  return job
}
