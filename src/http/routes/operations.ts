// What an administrator looks after: intakes, jobs, plugins, suppressions, health.
import { and, asc, desc, eq, gt, inArray, lt } from 'drizzle-orm'
import Type from 'typebox'
import { INTAKE_STATES } from '../../db/tables/intake.js'
import type { Reader } from '../../db/types.js'
import { fail } from '../../errors.js'
import { inspectJson } from '../../intake/mime/inspect.js'
import { dryRun, replay } from '../../intake/process.js'
import { retryDead } from '../../jobs/recover.js'
import { permissions } from '../../people/permissions.js'
import type { Principal } from '../../people/principal.js'
import type { Routes } from '../context.js'
import { serveFile } from '../download.js'
import { pageOf, readCursor } from '../pages.js'
import { byId, oneOf, page, pageQuery, strict } from '../schemas.js'

export const operationRoutes: Routes = (add, deps) => {
  intakeRoutes(add, deps)
  jobRoutes(add, deps)
  healthRoutes(add, deps)
}

const intakeRoutes: Routes = (add, { db, blobs, intake: intakeDeps }) => {
  add({
    method: 'GET',
    url: '/intakes',
    permission: permissions.intakesRead,
    tag: 'Intakes',
    summary: 'What came in and what became of it, the newest first',
    query: Type.Object({ ...pageQuery, state: Type.Optional(oneOf(INTAKE_STATES)) }),
    response: { 200: page('Intake') },
    async handler({ who, query: { limit = 50, cursor, state } }) {
      const { intakes } = db.t
      const before = readCursor(cursor)
      const rows = await db
        .select()
        .from(intakes)
        .where(
          and(
            state === undefined ? undefined : eq(intakes.state, state),
            before === undefined ? undefined : lt(intakes.id, before),
            who.inboxIds === null ? undefined : inArray(intakes.inboxId, [...who.inboxIds]),
          ),
        )
        .orderBy(desc(intakes.id))
        .limit(limit + 1)
      return pageOf(rows, limit)
    },
  })

  add({
    method: 'GET',
    url: '/intakes/:id',
    permission: permissions.intakesRead,
    tag: 'Intakes',
    summary: 'One intake with the trace of its decisions',
    params: byId,
    response: { 200: Type.Ref('Intake#') },
    handler: async ({ who, params }) => intakeFor(db, who, params.id),
  })

  add({
    method: 'GET',
    url: '/intakes/:id/raw',
    permission: permissions.intakesRead,
    tag: 'Intakes',
    summary: 'The message exactly as it came',
    params: byId,
    response: { 200: Type.String({ description: 'message/rfc822' }) },
    async handler({ who, params, reply }) {
      const { rawHash, size, id } = await intakeFor(db, who, params.id)
      return serveFile(reply, blobs, {
        filename: `${id}.eml`,
        contentType: 'message/rfc822',
        hash: rawHash,
        size,
      })
    },
  })

  add({
    method: 'POST',
    url: '/intakes/:id/replay',
    permission: permissions.intakesManage,
    tag: 'Intakes',
    summary: 'Take a message in again from its raw bytes',
    description:
      'For one that failed or stands in quarantine. With `dryRun` nothing is kept: the answer says what would become of it.',
    params: byId,
    body: strict({ dryRun: Type.Optional(Type.Boolean({ default: false })) }),
    response: {
      200: Type.Object({
        intake: Type.Ref('Intake#'),
        would: Type.Union([
          Type.Null(),
          Type.Object({
            outcome: Type.String(),
            reason: Type.Union([Type.String(), Type.Null()]),
            ticketId: Type.Union([Type.String(), Type.Null()]),
            trace: Type.Array(Type.Object({}, { additionalProperties: true })),
            message: Type.Object({}, { additionalProperties: true }),
          }),
        ]),
      }),
    },
    async handler({ who, params, body, write }) {
      const before = await intakeFor(db, who, params.id)
      if (!body.dryRun)
        return write(async (tx) => {
          await replay(tx, before.id)
          return { intake: await intakeFor(tx, who, before.id), would: null }
        })
      const { message, decision } = await dryRun(intakeDeps, before.id)
      const would = {
        outcome: decision.kind,
        reason: 'reason' in decision ? decision.reason : null,
        ticketId: decision.kind === 'store' ? (decision.thread.ticket?.id ?? null) : null,
        trace: decision.trace,
        message: inspectJson(message),
      }
      return write(async () => ({ intake: before, would }))
    },
  })

  add({
    method: 'GET',
    url: '/suppressions',
    permission: permissions.intakesRead,
    tag: 'Intakes',
    summary: 'Addresses that bounced and are not written to',
    response: {
      200: Type.Object({
        items: Type.Array(
          Type.Object({ address: Type.String(), reason: Type.String(), createdAt: Type.String() }),
        ),
        nextCursor: Type.Null(),
      }),
    },
    async handler() {
      const { suppressions } = db.t
      const rows = await db.select().from(suppressions).orderBy(desc(suppressions.createdAt)).limit(1000)
      return {
        items: rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() })),
        nextCursor: null,
      }
    },
  })
  add({
    method: 'DELETE',
    url: '/suppressions/:address',
    permission: permissions.intakesManage,
    tag: 'Intakes',
    summary: 'Write to an address again',
    params: Type.Object({ address: Type.String({ maxLength: 320 }) }),
    response: { 204: null },
    async handler({ params, write }) {
      await write(async (tx) => {
        const { suppressions } = tx.t
        const gone = await tx
          .delete(suppressions)
          .where(eq(suppressions.address, params.address))
          .returning({ address: suppressions.address })
        if (gone.length === 0) throw fail('not_found')
      })
    },
  })
}

async function intakeFor(r: Reader, who: Principal, id: string) {
  const { intakes } = r.t
  const [row] = await r.select().from(intakes).where(eq(intakes.id, id))
  const mine = row && (who.inboxIds === null || (row.inboxId !== null && who.inboxIds.includes(row.inboxId)))
  if (!mine) throw fail('not_found')
  return row
}

const jobRoutes: Routes = (add, { db }) => {
  add({
    method: 'GET',
    url: '/jobs',
    permission: permissions.operationsRead,
    tag: 'Operations',
    summary: 'Jobs that wait, run, are parked or dead',
    query: Type.Object({
      ...pageQuery,
      state: Type.Optional(oneOf(['waiting', 'running', 'parked', 'dead'] as const)),
      name: Type.Optional(Type.String({ maxLength: 200 })),
    }),
    response: { 200: page('Job') },
    async handler({ query: { limit = 50, cursor, state, name } }) {
      const { jobs } = db.t
      const after = readCursor(cursor)
      const rows = await db
        .select()
        .from(jobs)
        .where(
          and(
            state === undefined ? undefined : eq(jobs.state, state),
            name === undefined ? undefined : eq(jobs.name, name),
            after === undefined ? undefined : gt(jobs.id, after),
          ),
        )
        .orderBy(asc(jobs.id))
        .limit(limit + 1)
      return pageOf(rows, limit)
    },
  })
  add({
    method: 'POST',
    url: '/jobs/:id/retry',
    permission: permissions.operationsManage,
    tag: 'Operations',
    summary: 'Give a dead job its tries back',
    params: byId,
    response: { 200: Type.Ref('Job#') },
    handler: async ({ params, write }) =>
      write(async (tx) => {
        const { jobs } = tx.t
        const done = await retryDead(tx, params.id)
        const [job] = await tx.select().from(jobs).where(eq(jobs.id, params.id))
        if (!job) throw fail('not_found')
        if (!done) throw fail('wrong_state', `The job is ${job.state}; only a dead one can be retried.`)
        return job
      }),
  })
}

const healthRoutes: Routes = (add, { health }) => {
  add({
    method: 'GET',
    url: '/health/live',
    permission: 'public',
    tag: 'Operations',
    summary: 'The process answers',
    response: { 200: Type.Object({ ok: Type.Boolean() }) },
    handler: async () => ({ ok: true }),
  })
  add({
    method: 'GET',
    url: '/health/ready',
    permission: 'public',
    tag: 'Operations',
    summary: 'The desk works; 503 with the reasons when it does not',
    response: {
      200: Type.Object({
        ok: Type.Boolean(),
        checks: Type.Object(
          {},
          { additionalProperties: Type.Object({ ok: Type.Boolean(), detail: Type.String() }) },
        ),
      }),
    },
    async handler({ reply }) {
      const { ok, checks } = await health.ready()
      if (!ok) reply.code(503)
      return { ok, checks }
    },
  })
}
