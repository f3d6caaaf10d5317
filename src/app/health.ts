// Whether the desk works, with the reason when it does not. No check depends on the thing it watches.
import { access, constants, statfs } from 'node:fs/promises'
import path from 'node:path'
import { and, eq, inArray, lte, sql } from 'drizzle-orm'
import type { Blobs } from '../blobs/blobs.js'
import { after, type Clock, MINUTE, SECOND, within } from '../clock.js'
import type { Db } from '../db/types.js'
import { isDeskError, reasonOf } from '../errors.js'
import type { Health } from '../http/context.js'
import type { Engine } from '../jobs/engine.js'
import type { PluginHost } from '../plugin/host.js'

interface Check {
  ok: boolean
  detail: string
}

/** Shown when it is away, but the desk works without it: jobs are run from the ledger. */
const SPARE: ReadonlySet<string> = new Set(['redis'])

export function createHealth({
  db,
  blobs,
  clock,
  dataDir,
  working,
  engine,
  plugins,
}: {
  db: Db
  blobs: Blobs
  clock: Clock
  dataDir: string
  working: boolean
  engine: Engine
  plugins: PluginHost
}): Health {
  const checks: Record<string, () => Promise<Check>> = {
    database: () => db.check(),
    spool: () => spool(dataDir),
    blobs: lately(clock, () => blobsCheck(blobs)),
    disk: () => disk(dataDir),
    jobs: () => (working ? jobs(db, clock) : Promise.resolve({ ok: true, detail: 'worked on elsewhere' })),
    ...(engine.health && { redis: engine.health }),
    intake: () => intake(db),
    ...pluginChecks(plugins),
  }
  return {
    async ready() {
      const results = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => {
          const result = await check().catch((error: NodeJS.ErrnoException) => ({
            ok: false,
            detail: error.code ?? 'failed',
          }))
          return [name, result] as const
        }),
      )
      const ok = results.every(([name, check]) => check.ok || SPARE.has(name))
      return { ok, checks: Object.fromEntries(results) }
    },
  }
}

async function spool(dataDir: string): Promise<Check> {
  const folder = path.join(dataDir, 'spool', 'new')
  await access(folder, constants.W_OK)
  return { ok: true, detail: 'can be written' }
}

const BLOBS_MS = 5 * SECOND

async function blobsCheck(blobs: Blobs): Promise<Check> {
  return within(BLOBS_MS, async () => ({ ok: true, detail: await blobs.check() })).catch(
    (error: NodeJS.ErrnoException) => ({
      ok: false,
      detail: isDeskError(error) ? error.message : (error.code ?? reasonOf(error)),
    }),
  )
}

const FRESH_MS = 5 * SECOND

/** Whoever asks without a token, however often: a store that counts its requests is asked once in five seconds. */
function lately(clock: Clock, check: () => Promise<Check>): () => Promise<Check> {
  let last: { at: number; result: Promise<Check> } | undefined
  return () => {
    const at = clock.now().getTime()
    if (!last || Math.abs(at - last.at) >= FRESH_MS) last = { at, result: check() }
    return last.result
  }
}

const MEGABYTE = 1024 * 1024
/** Less than that, and a few large mails fill the disk. */
const LEAST_FREE_MB = 100

async function disk(dataDir: string): Promise<Check> {
  const { bavail, bsize } = await statfs(dataDir)
  const free = Math.floor((bavail * bsize) / MEGABYTE)
  return { ok: free >= LEAST_FREE_MB, detail: `${free} MB free` }
}

/** What is due must not stay undone, whatever engine is meant to do it. */
const OVERDUE_MS = MINUTE

async function jobs(db: Db, clock: Clock): Promise<Check> {
  const { jobs } = db.t
  const [late] = await db
    .select({ count: sql<number>`count(*)` })
    .from(jobs)
    .where(and(eq(jobs.state, 'waiting'), lte(jobs.runAt, after(clock.now(), -OVERDUE_MS))))
  const [dead] = await db.select({ count: sql<number>`count(*)` }).from(jobs).where(eq(jobs.state, 'dead'))
  const overdue = Number(late?.count ?? 0)
  const detail = `${overdue} overdue by more than a minute, ${Number(dead?.count ?? 0)} dead`
  return { ok: overdue === 0, detail }
}

async function intake(db: Db): Promise<Check> {
  const { intakes } = db.t
  const rows = await db
    .select({ state: intakes.state, count: sql<number>`count(*)` })
    .from(intakes)
    .where(inArray(intakes.state, ['received', 'failed', 'quarantined']))
    .groupBy(intakes.state)
  const detail = rows.map(({ state, count }) => `${Number(count)} ${state}`).join(', ') || 'nothing waits'
  // A failed mail is for a person to look at; it does not make the desk unfit to work.
  return { ok: true, detail }
}

const PLUGIN_CHECK_MS = 2000

/** One line for each plugin: a bad one is shown, but does not make the desk unfit to work. */
function pluginChecks(plugins: PluginHost): Record<string, () => Promise<Check>> {
  return Object.fromEntries(
    plugins.all.map(({ plugin: { name }, registered }) => [
      `plugin ${name}`,
      async () => {
        const off = plugins.handlers(name).filter((handler) => handler.off !== null)
        const own = await Promise.all(
          registered.checks.map(async ({ name: check, check: run }) => {
            // Whatever it does or answers: a bad plugin does not make the desk unfit to work.
            const answer = async () => {
              const { ok, detail } = await run()
              return `${check}: ${ok ? '' : 'NOT OK, '}${detail}`
            }
            return within(PLUGIN_CHECK_MS, answer).catch(
              (error: unknown) => `${check}: NOT OK, ${reasonOf(error)}`,
            )
          }),
        )
        const lines = [...off.map(({ handler }) => `${handler} is switched off`), ...own]
        return { ok: true, detail: lines.join('; ') || 'on' }
      },
    ]),
  )
}
