// What is looked up at a scrape: ledger, intakes, spool, database, health. Kept for some seconds, so that frequent
// scrapes do not load the database; what cannot be read is left out and counted, and the rest is still shown.
import type { Registry } from 'prom-client'
import { type Clock, SECOND, within } from '../../clock.js'
import { INTAKE_STATES } from '../../db/tables/intake.js'
import type { Db } from '../../db/types.js'
import type { Health } from '../../http/context.js'
import type { Spool } from '../../intake/spool.js'
import { jobCounts, SHOWN_STATES } from '../../jobs/overview.js'
import type { JobHandlers } from '../../jobs/types.js'
import { intakeCounts, oldestDue } from './counts.js'

type Prom = typeof import('prom-client')

export interface Sources {
  db: Db
  clock: Clock
  handlers: JobHandlers
  spool: Spool
  health: Health
}

const KEEP_MS = 5 * SECOND
/** Less than the ten seconds after which Prometheus gives up. */
const PATIENCE_MS = 5 * SECOND

export function createGauges(prom: Prom, registry: Registry, sources: Sources): () => Promise<void> {
  const { clock, db } = sources
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new prom.Gauge({ name: `frontdesk_${name}`, help, labelNames: [...labelNames], registers: [registry] })
  const failures = new prom.Counter({
    name: 'frontdesk_scrape_failures_total',
    help: 'Parts of a scrape that could not be read, by part',
    labelNames: ['part'],
    registers: [registry],
  })
  const parts: Record<string, () => Promise<void>> = {
    // First: the queries of the scrape itself would show as waiting.
    database: databaseGauges(gauge, db),
    jobs: jobGauges(gauge, sources),
    intakes: intakeGauges(gauge, sources),
    spool: spoolGauges(gauge, sources),
    health: healthGauges(gauge, sources),
  }
  for (const part of Object.keys(parts)) failures.inc({ part }, 0)

  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined
  const read = async () => {
    await Promise.all(
      Object.entries(parts).map(([part, refresh]) =>
        within(PATIENCE_MS, refresh).catch(() => failures.inc({ part })),
      ),
    )
    readAt = clock.now().getTime()
  }
  return async () => {
    // Two that scrape at once share one look.
    if (clock.now().getTime() - readAt < KEEP_MS) return
    reading ??= read().finally(() => {
      reading = undefined
    })
    await reading
  }
}

type MakeGauge = <L extends string>(
  name: string,
  help: string,
  labelNames?: readonly L[],
) => import('prom-client').Gauge<L>

function jobGauges(gauge: MakeGauge, { db, clock, handlers }: Sources) {
  const jobs = gauge('jobs', 'Rows of the ledger by kind and state', ['kind', 'state'])
  const oldest = gauge(
    'oldest_due_job_age_seconds',
    'How long the job that is due longest has waited; 0: none',
  )
  return async () => {
    jobs.reset()
    oldest.reset()
    const now = clock.now()
    const known = new Set(handlers.all().map(({ type }) => type.name))
    const [rows, due] = await Promise.all([jobCounts(db, now), oldestDue(db, now)])
    for (const kind of [...known, 'other']) for (const state of SHOWN_STATES) jobs.set({ kind, state }, 0)
    // Kinds that no code here knows share one label: what stands in the table must not make new series.
    for (const { name, state, count } of rows)
      jobs.inc({ kind: known.has(name) ? name : 'other', state }, count)
    oldest.set(age(now, due))
  }
}

function intakeGauges(gauge: MakeGauge, { db }: Sources) {
  const intakes = gauge('intakes', 'Intakes by state', ['state'])
  return async () => {
    intakes.reset()
    const rows = await intakeCounts(db)
    for (const state of INTAKE_STATES) intakes.set({ state }, rows.get(state) ?? 0)
  }
}

function spoolGauges(gauge: MakeGauge, { spool, clock }: Sources) {
  const files = gauge('spool_files', 'Mails that wait in the spool')
  const oldest = gauge(
    'spool_oldest_age_seconds',
    'How long the oldest mail in the spool has waited; 0: none',
  )
  return async () => {
    files.reset()
    oldest.reset()
    const waiting = await spool.waiting()
    files.set(waiting.files)
    oldest.set(age(clock.now(), waiting.oldest))
  }
}

function healthGauges(gauge: MakeGauge, { health }: Sources) {
  const ok = gauge('health_ok', '1: this check of health passes', ['check'])
  return async () => {
    ok.reset()
    const { checks } = await health.ready()
    for (const [check, result] of Object.entries(checks)) ok.set({ check }, result.ok ? 1 : 0)
  }
}

function databaseGauges(gauge: MakeGauge, db: Db) {
  const connections =
    db.pool && gauge('database_connections', 'Connections to PostgreSQL by state', ['state'])
  const waiting = gauge('database_waiting', 'Transactions that wait for a connection or for the one writer')
  return async () => {
    const pool = db.pool?.()
    if (pool) {
      connections?.set({ state: 'idle' }, pool.idle)
      connections?.set({ state: 'used' }, pool.total - pool.idle)
    }
    waiting.set(pool?.waiting ?? db.queued?.() ?? 0)
  }
}

const age = (now: Date, since: Date | null) =>
  since === null ? 0 : Math.max(0, (now.getTime() - since.getTime()) / SECOND)
