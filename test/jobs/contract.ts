// The contract of engines: what each of them promises, on the system clock. Nothing here asks how fast; but what must
// come by a bell has less time than a look for what is overdue would need, which would hide a lost bell.
import type { Test } from 'tap'
import { MINUTE, systemClock } from '../../src/clock.js'
import type { Db } from '../../src/db/types.js'
import { type DatabaseName, testRedis } from '../../src/testing/index.js'
import { openDb } from '../support/databases.js'
import { type EngineName, type Ledger, type LedgerOptions, openLedger } from '../support/ledger.js'
import { ringing, timer } from './contract-ringing.js'
import { sharing } from './contract-sharing.js'
import { trying } from './contract-trying.js'

/** Long, for a busy machine, and still below the time at which these engines look for what nothing rang for. */
export const BY_BELL = 60_000
const UPKEEP_MS = 10 * MINUTE

export interface Contract {
  db: Db
  /** Whether a commit is cheap, so that there can be many. */
  many: boolean
  open(t: Test, options?: Pick<LedgerOptions, 'concurrency' | 'upkeepMs'>): Ledger
  /** Names of the rows of settings: effects of jobs. */
  notes(): Promise<string[]>
}

/** Both engines, one after the other: where the database is PGlite, a start of it costs seconds. */
export function contract(t: Test, name: DatabaseName) {
  const engines: EngineName[] = ['local', 'bullmq']
  for (const engine of engines) {
    const skip = engine === 'bullmq' && !testRedis() && 'FRONTDESK_TEST_REDIS is not set'
    t.test(`the engine ${engine} on ${name}`, { skip }, async (t) => {
      const db = await openDb(t, name, systemClock)
      t.afterEach(() =>
        db.transaction(async (tx) => {
          await tx.delete(tx.t.jobs)
          await tx.delete(tx.t.settings)
          await tx.delete(tx.t.limits)
        }),
      )
      const kit: Contract = {
        db,
        many: name === 'sqlite' && engine === 'local',
        open: (t, options) => openLedger(t, db, systemClock, { engine, upkeepMs: UPKEEP_MS, ...options }),
        notes: async () => (await db.select().from(db.t.settings)).map(({ key }) => key).sort(),
      }
      ringing(t, kit)
      trying(t, kit)
      sharing(t, kit)
      if (engine === 'local') timer(t, kit)
    })
  }
}
