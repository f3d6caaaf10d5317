// The way of a mail from the spool to the ticket, on a folder that can be opened again as after a restart, with
// the disk, the database and the parser as a test wants them.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { asc, eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { prepare } from '../../src/app/database.js'
import { type BlobFs, openFolder } from '../../src/blobs/folder.js'
import { systemClock } from '../../src/clock.js'
import { openSqlite, type SqliteOptions } from '../../src/db/sqlite.js'
import type { Db } from '../../src/db/types.js'
import { Hooks } from '../../src/hooks/hooks.js'
import type { InboundMessage } from '../../src/intake/mime/message.js'
import { normalise } from '../../src/intake/mime/normalise.js'
import { intakeHandler } from '../../src/intake/process.js'
import { receive } from '../../src/intake/receive.js'
import { openSpool, type SpoolFs } from '../../src/intake/spool.js'
import { createSpooler } from '../../src/intake/spooler.js'
import { LEASE_MS } from '../../src/jobs/claim.js'
import { reclaim } from '../../src/jobs/crashes.js'
import { createLocalEngine } from '../../src/jobs/local.js'
import { JobHandlers } from '../../src/jobs/types.js'
import { coreSettings } from '../../src/settings/core.js'
import { createSecrets } from '../../src/settings/secrets.js'
import { Settings } from '../../src/settings/settings.js'
import { manualClock } from '../../src/testing/index.js'
import { Fields } from '../../src/tickets/fields.js'
import { createInbox } from '../../src/tickets/inboxes.js'

export interface IntakeOptions {
  fs?: SpoolFs & BlobFs
  connect?: SqliteOptions['connect']
  parse?: (raw: Uint8Array) => Promise<InboundMessage>
}

export const INBOX = 'support@desk.example'

export type IntakeDesk = Awaited<ReturnType<typeof openIntake>>

export async function openIntake(
  t: Test,
  dir: string,
  { fs, connect, parse = normalise }: IntakeOptions = {},
) {
  const clock = manualClock(systemClock.now())
  const file = path.join(dir, 'frontdesk.db')
  const db = await prepare(openSqlite({ file, clock, ...(connect && { connect }) }))
  const blobs = openFolder(path.join(dir, 'blobs'), fs)
  const spool = await openSpool(dir, fs)
  const handlers = new JobHandlers()
  const settings = new Settings(db, coreSettings as never, createSecrets('x'.repeat(40)))
  const desk = {
    hooks: new Hooks(handlers),
    settings,
    secrets: createSecrets('x'.repeat(40)),
    fields: new Fields(),
    workflows: new Map(),
    channels: new Set<string>(),
  }
  handlers.add(
    intakeHandler({ db, desk, blobs, normaliser: { normalise: parse, warm() {}, close: async () => {} } }),
  )
  const errors: string[] = []
  const note = (details: object, message: string) =>
    errors.push(`${message}: ${(details as { err?: Error }).err?.message}`)
  const log = { warn: note, error: note }
  const spooler = createSpooler({ db, blobs, spool, log })
  const engine = createLocalEngine({ db, clock, handlers, log, sole: true })
  const known = await db.select().from(db.t.inboxes).where(eq(db.t.inboxes.address, INBOX))
  if (known.length === 0) await db.transaction((tx) => createInbox(tx, { address: INBOX }))
  let open = true
  const close = async () => {
    if (open) await db.close()
    open = false
  }
  t.teardown(close)
  return {
    dir,
    db,
    blobs,
    spool,
    spooler,
    engine,
    handlers,
    clock,
    errors,
    close,
    /** What lies in new/, whatever the disk answers. */
    waiting: () => readdirSync(path.join(dir, 'spool', 'new')).length,
    receive: (raw: Uint8Array, address = INBOX) =>
      receive({ db, blobs }, [{ raw, address, channel: 'email', receivedAt: clock.now() }]),
    /** Time passes: the spool is looked at, leases and pauses end, what is due runs. */
    async goOn() {
      for (let turn = 0; turn < 6; turn++) {
        await spooler.drain()
        clock.advance(LEASE_MS + 1)
        await db.transaction((tx) => reclaim(tx, false))
        await engine.runDue()
      }
    },
    intakes: () => db.select().from(db.t.intakes).orderBy(asc(db.t.intakes.id)),
    messages: () => messagesOf(db),
  }
}

/** Messages as they came: subject, ticket, attachments. */
async function messagesOf(db: Db) {
  const { messages, attachments } = db.t
  const rows = await db.select().from(messages).orderBy(asc(messages.id))
  const files = await db.select().from(attachments).orderBy(asc(attachments.id))
  return rows.map((row) => ({ ...row, attachments: files.filter(({ messageId }) => messageId === row.id) }))
}
