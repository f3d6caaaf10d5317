// Processes on one database must have the same secret: otherwise one signs what another refuses, and none can open
// the settings that the other sealed. A process that made a secret of its own is stopped before it does harm.
import { eq } from 'drizzle-orm'
import { type Config, ConfigError } from '../config.js'
import type { Db } from '../db/types.js'
import type { Secrets } from '../settings/secrets.js'

const KEY = 'desk.secretPrint'

export async function checkSecret(
  db: Db,
  { sign }: Secrets,
  { secret }: Config,
  log: { warn(details: object, message: string): void },
): Promise<void> {
  const { settings } = db.t
  const print = sign('secret-print', '', 16).toString('hex')
  const known = await db.select({ value: settings.value }).from(settings).where(eq(settings.key, KEY))
  if (known[0]?.value === print) return
  if (known.length > 0 && secret === null)
    throw new ConfigError([
      'FRONTDESK_SECRET is not set, and the secret in this data folder is not the one of the database: set it to the same value for every process (the file "secret" in the data folder of the first one has it)',
    ])
  if (known.length > 0)
    log.warn(
      {},
      'the secret was changed: old reply addresses and sealed SMTP addresses do not count any more',
    )
  await db.transaction(async (tx) => {
    const row = { value: print, updatedAt: tx.now }
    await tx
      .insert(settings)
      .values({ key: KEY, ...row })
      .onConflictDoUpdate({ target: settings.key, set: row })
  })
}
