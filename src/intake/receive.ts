// First step of every intake: raw bytes -> blob + intake row + job, committed. Only then may the giver forget it.
import { and, eq, sql } from 'drizzle-orm'
import type { Blobs } from '../blobs/blobs.js'
import { newId } from '../clock.js'
import { type Db, prepared, type Tx } from '../db/types.js'
import { schedule } from '../jobs/schedule.js'
import { canonicalAddress } from '../people/contacts.js'
import { sha256 } from '../settings/secrets.js'
import { allInboxes } from '../tickets/inboxes.js'
import { type Identity, identify } from './identity.js'
import { messageKey, type Peek, peek, senderKey } from './peek.js'
import { processIntake } from './tokens.js'

export interface Arrival {
  raw: Uint8Array
  /** The inbox the transport names. */
  address: string
  channel: string
  receivedAt: Date
  /** A file on disk with exactly these bytes, fsynced: it is linked instead of written again. */
  path?: string
}

export interface Receipt {
  intakeId: string
  /** The same message had come to the same inbox before. */
  again: boolean
}

export interface ReceiveDeps {
  db: Db
  blobs: Blobs
}

/** @returns one receipt for each arrival, in order, when all of them are on disk and committed. */
export async function receive({ db, blobs }: ReceiveDeps, arrivals: readonly Arrival[]): Promise<Receipt[]> {
  const prepared = arrivals.map((arrival) => ({
    ...arrival,
    address: canonicalAddress(arrival.address),
    hash: sha256(arrival.raw),
    peek: peek(arrival.raw),
    ...identify(arrival.raw),
  }))
  await blobs.adopt(prepared.flatMap(({ hash, path }) => (path ? [{ hash, path }] : [])))
  for (const { hash, path, raw } of prepared) if (!path) await blobs.put(hash, raw)
  return db.transaction(async (tx) => {
    const inboxes = new Map((await allInboxes(tx)).map((inbox) => [inbox.address, inbox]))
    const receipts: Receipt[] = []
    for (const arrival of prepared) {
      const inbox = inboxes.get(arrival.address)
      receipts.push(
        await insertOnce(tx, arrival, inbox?.id ?? null, inbox?.group ?? `unknown:${arrival.address}`),
      )
    }
    return receipts
  })
}

const p = sql.placeholder

const insert = prepared<Record<string, unknown>, { id: string }>(
  (q, t) =>
    q
      .insert(t.intakes)
      .values({
        id: p('id'),
        channel: p('channel'),
        address: p('address'),
        inboxId: p('inboxId'),
        group: p('group'),
        digest: p('digest'),
        headDigest: p('headDigest'),
        rawHash: p('hash'),
        size: p('size'),
        sender: p('sender'),
        subject: p('subject'),
        state: 'received',
        attempts: 0,
        copies: 1,
        trace: [],
        receivedAt: p('receivedAt'),
      })
      .onConflictDoNothing()
      .returning({ id: t.intakes.id }) as never,
)

type Prepared = Arrival & Identity & { hash: string; peek: Peek }

async function insertOnce(
  tx: Tx,
  arrival: Prepared,
  inboxId: string | null,
  group: string,
): Promise<Receipt> {
  const { raw, path: _, peek, ...row } = arrival
  const id = newId()
  const added = await tx.run(insert, {
    ...row,
    id,
    inboxId,
    group,
    size: raw.byteLength,
    sender: peek.sender,
    subject: peek.subject,
  })
  if (added.length > 0) {
    await schedule(tx, processIntake, { intakeId: id, keys: orderKeys(arrival) })
    return { intakeId: id, again: false }
  }
  const { intakes } = tx.t
  const [first] = await tx
    .update(intakes)
    .set({ copies: sql`${intakes.copies} + 1` })
    .where(and(eq(intakes.address, arrival.address), eq(intakes.digest, arrival.digest)))
    .returning({ id: intakes.id })
  return { intakeId: first!.id, again: true }
}

const orderKeys = ({ headDigest, peek: { sender, messageId } }: Prepared): string[] => [
  headDigest,
  ...(sender ? [senderKey(sender)] : []),
  ...(messageId ? [messageKey(messageId)] : []),
]
