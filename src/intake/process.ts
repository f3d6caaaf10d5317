// Second step of every intake, as a job: normalise -> judge -> thread -> store -> emit, and the replay of it.
import { and, eq, sql } from 'drizzle-orm'
import type { Blobs } from '../blobs/blobs.js'
import { after, SECOND } from '../clock.js'
import { type Db, prepared, type Tx } from '../db/types.js'
import { fail, isDeskError } from '../errors.js'
import { schedule } from '../jobs/schedule.js'
import type { JobHandler, JobRun } from '../jobs/types.js'
import type { Desk } from '../tickets/desk.js'
import { type Case, type Decision, decide, type Intake, type Neighbour, sameHeader } from './decide.js'
import { othersFirst } from './elsewhere.js'
import { isTorso } from './identity.js'
import type { InboundMessage } from './mime/message.js'
import type { Normaliser } from './mime/pool.js'
import { createLine, type Place } from './order.js'
import { messageKey } from './peek.js'
import { carryOut } from './store.js'
import { processIntake } from './tokens.js'

export interface ProcessDeps {
  db: Db
  desk: Desk
  blobs: Blobs
  normaliser: Normaliser
}

type Data = { intakeId: string; keys: string[] }

export function intakeHandler(deps: ProcessDeps): JobHandler<Data> {
  const line = createLine()
  return {
    type: processIntake,
    async run(job) {
      const place = line.join(job.data.keys)
      try {
        await processOne(deps, job, place)
      } catch (error) {
        if (!isDeskError(error) || error.code !== 'blob_unavailable') throw error
        await wait(deps, job)
      } finally {
        place.leave()
      }
    },
    async dead(tx, { intakeId }, error) {
      await tx
        .update(tx.t.intakes)
        .set({ state: 'failed', reason: error.slice(0, 500), finishedAt: tx.now })
        .where(and(eq(tx.t.intakes.id, intakeId), eq(tx.t.intakes.state, 'received')))
    },
  }
}

const STORE_AWAY_MS = 15 * SECOND

/** While the store of the mail is away nothing is wrong with the mail: that costs it none of its tries. */
async function wait({ db }: ProcessDeps, job: JobRun<Data>) {
  await db.transaction(async (tx) => {
    await job.complete(tx)
    await schedule(tx, processIntake, job.data, { at: after(tx.now, STORE_AWAY_MS) })
  })
}

/** `failed`: a person gave the dead job its tries back. */
const OPEN: readonly string[] = ['received', 'failed']

async function processOne(deps: ProcessDeps, job: JobRun<Data>, place: Place) {
  const { db, desk, blobs } = deps
  const intake = await intakeById(deps, job.data.intakeId)
  if (!intake || !OPEN.includes(intake.state)) return
  const raw = await blobs.read(intake.rawHash)
  const message = await normalise(deps, raw)
  const answered = [...message.inReplyTo, ...message.references].map(messageKey)
  await place.turn(answered)
  const keys = [...job.data.keys, ...answered].slice(0, MOST_KEYS)
  await othersFirst(db, job, keys)
  for (let stored = false; !stored; ) {
    const found = await sameHeader(db, intake)
    const one = { intake, message, neighbours: await findNeighbours(deps, intake, raw, found) }
    stored = await db.transaction(
      async (tx) => {
        if (!(await isStillSo(tx, intake, found, keys))) return false
        await carryOut(tx, desk, one, await decide(tx, desk, one))
        await job.complete(tx)
        return true
      },
      // Mails that are parsed in the same moment share one fsync.
      { patienceMs: 25 },
    )
  }
}

const MOST_KEYS = 100

/** From here on no other process stores a mail of the same sender, header or Message-ID; has one done so before? */
async function isStillSo(tx: Tx, intake: Intake, found: readonly Intake[], keys: readonly string[]) {
  if (tx.dialect.oneWriter) return true
  await tx.lock(...keys)
  const ids = (rows: readonly Intake[]) => rows.map(({ id }) => id).join()
  return ids(await sameHeader(tx, intake)) === ids(found)
}

const byId = prepared<{ id: string }, Intake>(
  (q, { intakes }) =>
    q
      .select()
      .from(intakes)
      .where(eq(intakes.id, sql.placeholder('id'))) as never,
)

async function intakeById({ db }: ProcessDeps, id: string): Promise<Intake | undefined> {
  const [intake] = await db.run(byId, { id })
  return intake
}

/** Parsed, and its attachments on disk. */
async function normalise({ normaliser, blobs }: ProcessDeps, raw: Uint8Array): Promise<InboundMessage> {
  const message = await normaliser.normalise(raw)
  await Promise.all(message.attachments.map(({ sha256, content }) => blobs.put(sha256, content)))
  return message
}

async function findNeighbours(
  { blobs }: ProcessDeps,
  intake: Intake,
  raw: Uint8Array,
  found: readonly Intake[],
): Promise<Neighbour[]> {
  const neighbours: Neighbour[] = []
  for (const other of found) {
    if (other.digest === intake.digest) neighbours.push({ intake: other, relation: 'same' })
    else if (other.size < intake.size) {
      if (isTorso(await blobs.read(other.rawHash), raw))
        neighbours.push({ intake: other, relation: 'torso-of-this' })
    } else if (isTorso(raw, await blobs.read(other.rawHash)))
      neighbours.push({ intake: other, relation: 'whole-of-this' })
  }
  return neighbours
}

/** Only what ended without a message can be replayed for real. */
const REPLAYABLE = ['failed', 'quarantined', 'rejected']

/** Puts the intake back to its beginning; the job does the rest. @throws DeskError `wrong_state`, `not_found`. */
export async function replay(tx: Tx, intakeId: string): Promise<void> {
  const { intakes, inboxes } = tx.t
  const [intake] = await tx.select().from(intakes).where(eq(intakes.id, intakeId))
  if (!intake) throw fail('not_found')
  if (!REPLAYABLE.includes(intake.state))
    throw fail(
      'wrong_state',
      `The intake is ${intake.state}; only ${REPLAYABLE.join(', ')} ones can be replayed.`,
    )
  const [inbox] = await tx.select().from(inboxes).where(eq(inboxes.address, intake.address))
  await tx
    .update(intakes)
    .set({
      state: 'received',
      reason: null,
      finishedAt: null,
      inboxId: inbox?.id ?? null,
      group: inbox?.group ?? intake.group,
    })
    .where(eq(intakes.id, intakeId))
  await schedule(tx, processIntake, { intakeId, keys: intake.headDigest ? [intake.headDigest] : [] })
}

/** What would become of the intake now; nothing is kept. */
export async function dryRun(
  deps: ProcessDeps,
  intakeId: string,
): Promise<{ message: InboundMessage; decision: Decision }> {
  const intake = await intakeById(deps, intakeId)
  if (!intake) throw fail('not_found')
  const raw = await deps.blobs.read(intake.rawHash)
  const message = await deps.normaliser.normalise(raw)
  const found = await sameHeader(deps.db, intake)
  const one: Case = { intake, message, neighbours: await findNeighbours(deps, intake, raw, found) }
  const undone = new Error('dry run')
  let decision: Decision | undefined
  await deps.db
    .transaction(async (tx) => {
      decision = await decide(tx, deps.desk, one)
      throw undone
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error
    })
  return { message, decision: decision! }
}
